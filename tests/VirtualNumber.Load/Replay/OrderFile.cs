using System.Globalization;
using CsvHelper;

namespace VirtualNumber.Load.Replay;

/// <summary>Reads <c>orders_999.csv</c>. Its local times carry no zone; only their distances matter here, so they are taken as UTC.</summary>
internal static class OrderFile
{
    public static IReadOnlyList<Order> Read(string path)
    {
        using var reader = CsvReader.FromFile(path);
        var orders = new List<Order>();
        while (reader.Read())
        {
            var id = reader.GetString("order_id");
            orders.Add(new Order(
                id,
                reader.GetString("order_status"),
                ParseTime(reader.GetString("order_purchase_timestamp")) ?? throw new FormatException($"Order {id} has no purchase time."),
                ParseTime(reader.GetString("order_approved_at")),
                ParseTime(reader.GetString("order_delivered_carrier_date")),
                ParseTime(reader.GetString("order_delivered_customer_date"))));
        }

        return orders;
    }

    private static DateTimeOffset? ParseTime(string text) => text.Length == 0
        ? null
        : DateTimeOffset.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
