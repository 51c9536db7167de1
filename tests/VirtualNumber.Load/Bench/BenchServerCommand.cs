using System.CommandLine;
namespace VirtualNumber.Load.Bench;
internal static class BenchServerCommand { public static Command Create() => new("bench-server", "x"); }
