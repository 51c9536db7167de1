using System.CommandLine;
namespace VirtualNumber.Load.Bench;
internal static class BenchCommand { public static Command Create() => new("bench", "x"); }
