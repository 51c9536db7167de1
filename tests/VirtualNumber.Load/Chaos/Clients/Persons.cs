namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>Telephone numbers that exist nowhere. Nearly everybody appears once, so that whoever is connected tells by which lease.</summary>
internal static class Persons
{
    private const int Couriers = 40;
    private const int PerClient = 1_000_000;

    /// <summary>Somebody who appears once.</summary>
    public static string Unique(int client, int number) => $"+9992{(client * (long)PerClient) + number:d9}";

    /// <summary>One of the few who are in many pairs, so that they come to a number again as soon as they have rested there.</summary>
    public static string Courier(Dice random) => $"+9991{random.Next(Couriers):d9}";

    /// <summary>Somebody who calls and has no lease.</summary>
    public static string Outsider(Dice random) => $"+9993{random.Next(1_000):d9}";
}
