using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration.Attributes;

namespace VirtualNumber.Load.Replay;

/// <summary>Reads <c>orders_999.csv</c>. Its local times carry no zone; only their distances matter here, so they are taken as UTC.</summary>
internal static class OrderFile
{
    public static IReadOnlyList<Order> Read(string path)
    {
        using var reader = new CsvReader(new StreamReader(path), CultureInfo.InvariantCulture);
        return [.. reader.GetRecords<Row>().Select(ToOrder)];
    }

    private static Order ToOrder(Row row) => new(
        row.Id,
        row.Status,
        ParseTime(row.Purchased) ?? throw new FormatException($"Order {row.Id} has no purchase time."),
        ParseTime(row.Approved),
        ParseTime(row.HandedOver),
        ParseTime(row.Delivered));

    private static DateTimeOffset? ParseTime(string text) => text.Length == 0
        ? null
        : DateTimeOffset.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private sealed class Row
    {
        [Name("order_id")]
        public string Id { get; set; } = "";

        [Name("order_status")]
        public string Status { get; set; } = "";

        [Name("order_purchase_timestamp")]
        public string Purchased { get; set; } = "";

        [Name("order_approved_at")]
        public string Approved { get; set; } = "";

        [Name("order_delivered_carrier_date")]
        public string HandedOver { get; set; } = "";

        [Name("order_delivered_customer_date")]
        public string Delivered { get; set; } = "";
    }
}
