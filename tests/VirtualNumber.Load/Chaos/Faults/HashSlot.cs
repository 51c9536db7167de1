using System.Text;

namespace VirtualNumber.Load.Chaos.Faults;

/// <summary>Which of a cluster's 16,384 slots a key is in: CRC-16 (XMODEM) of its tag, as the cluster specification has it.</summary>
internal static class HashSlot
{
    private const int Slots = 16_384;
    private const int Polynomial = 0x1021;

    public static int Of(string key)
    {
        var open = key.IndexOf('{', StringComparison.Ordinal);
        var close = open < 0 ? -1 : key.IndexOf('}', open);
        var hashed = close > open + 1 ? key[(open + 1)..close] : key;
        var crc = 0;
        foreach (var character in Encoding.UTF8.GetBytes(hashed))
        {
            crc ^= character << 8;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 0x8000) == 0 ? crc << 1 : (crc << 1) ^ Polynomial;
            crc &= 0xFFFF;
        }

        return crc % Slots;
    }
}
