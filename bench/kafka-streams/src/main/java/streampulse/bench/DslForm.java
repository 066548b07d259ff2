package streampulse.bench;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The DSL as its guide shows it: three windowed aggregates. Events are keyed by content already; region and device need
 * repartition topics, into which only what the aggregates need is written (25 bytes instead of the whole event).
 */
final class DslForm {
    /**
     * Behind a repartition topic stream time is that of the fastest source partition, and while an hour is caught up they
     * are minutes apart: with the grace of 30 s events were dropped as late. So here it is longer.
     */
    private static final Duration GRACE = Duration.ofHours(2);

    private DslForm() {}

    static Topology topology(String topic, LongAdder done, java.util.Properties settings) {
        StreamsBuilder builder = new StreamsBuilder();
        Serde<byte[]> key = Serdes.ByteArray();
        Consumed<byte[], Download> consumed = Consumed.with(key, avro())
                .withTimestampExtractor((record, partitionTime) -> ((Download) record.value()).timestamp);
        KStream<byte[], Download> downloads = builder.stream(topic, consumed);
        aggregate(downloads.groupByKey(Grouped.with("content", key, compact())), Sums.CONTENT_STATS, done);
        aggregate(
                downloads.groupBy((old, event) -> event.region, Grouped.with("region", key, compact())),
                Sums.REGION_HEALTH,
                done);
        aggregate(
                downloads.groupBy((old, event) -> event.device, Grouped.with("device", key, compact())),
                Sums.DEVICE_STATS,
                done);
        return builder.build(settings);
    }

    private static void aggregate(KGroupedStream<byte[], Download> grouped, Sums sums, LongAdder done) {
        Materialized<byte[], byte[], WindowStore<Bytes, byte[]>> store =
                Materialized.<byte[], byte[], WindowStore<Bytes, byte[]>>as(sums.store)
                        .withKeySerde(Serdes.ByteArray())
                        .withValueSerde(Serdes.ByteArray())
                        .withRetention(Main.RETENTION)
                        .withCachingEnabled();
        grouped.windowedBy(TimeWindows.ofSizeAndGrace(Main.WINDOW, GRACE))
                .aggregate(
                        () -> new byte[sums.columns * 8],
                        (key, event, bytes) -> {
                            Sums.Row row = new Sums.Row();
                            row.bytes = bytes;
                            sums.add(event, row);
                            done.increment();
                            return bytes;
                        },
                        store);
    }

    private static Serde<Download> avro() {
        Serializer<Download> none = (topic, event) -> {
            throw new UnsupportedOperationException("events are only read");
        };
        return Serdes.serdeFrom(none, (topic, bytes) -> new Download().read(bytes));
    }

    private static Serde<Download> compact() {
        Serializer<Download> writer = (topic, event) -> ByteBuffer.allocate(25)
                .put(event.status)
                .putLong(event.size)
                .putLong(event.duration)
                .putLong(event.speed)
                .array();
        Deserializer<Download> reader = (topic, bytes) -> {
            ByteBuffer from = ByteBuffer.wrap(bytes);
            Download event = new Download();
            event.status = from.get();
            event.size = from.getLong();
            event.duration = from.getLong();
            event.speed = from.getLong();
            return event;
        };
        return Serdes.serdeFrom(writer, reader);
    }
}
