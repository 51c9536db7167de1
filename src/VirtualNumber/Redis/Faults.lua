-- Put behind Direct.lua or Shared.lua in front of what reads or changes what gateways said of numbers.
-- health: index -> 1 faulty or 2 well 1, time of the latest report that counted 6, of the first one of the fault 6 (well: 0), its cause

local FAULT, WELL = 1, 2
local REPORT = '>BI6I6'

-- What was said of a number last; nil when it never was faulty.
local function read_report(index)
  local packed = redis.call('HGET', HEALTH, index)
  if not packed then
    return nil
  end
  local report, cause = {}, nil
  report.health, report.event, report.since, cause = struct.unpack(REPORT, packed)
  report.cause = packed:sub(cause)
  return report
end

local function save_report(index, health, event, since, cause)
  redis.call('HSET', HEALTH, index, struct.pack(REPORT, health, event, since) .. cause)
end

-- Since when a slot's number is faulty, as text; empty: it is not.
local function faulty_since(slot)
  local report = read_report(index_of(slot))
  return report and report.health == FAULT and string.format('%.0f', report.since) or ''
end

-- An operator puts a number back: what was said until now does not count any more.
local function clear_fault(index)
  local report = read_report(index)
  if report and report.health == FAULT then
    save_report(index, WELL, math.max(report.event, now), 0, '')
  end
end
