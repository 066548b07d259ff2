package streampulse.bench;

import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** The Processor API: one node, three cached window stores, no repartition topics. Keys and rows are bytes as they are. */
final class ProcessorForm implements Processor<byte[], byte[], Void, Void> {
    private final LongAdder done;
    private final Download event = new Download();
    private final Sums.Row row = new Sums.Row();
    private WindowStore<byte[], byte[]> contents;
    private WindowStore<byte[], byte[]> regions;
    private WindowStore<byte[], byte[]> devices;
    private long streamTime = Long.MIN_VALUE;

    private ProcessorForm(LongAdder done) {
        this.done = done;
    }

    static Topology topology(String topic, LongAdder done) {
        ProcessorSupplier<byte[], byte[], Void, Void> supplier = new ProcessorSupplier<>() {
            @Override
            public Processor<byte[], byte[], Void, Void> get() {
                return new ProcessorForm(done);
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Arrays.stream(Sums.values()).map(ProcessorForm::store).collect(Collectors.toSet());
            }
        };
        Topology topology = new Topology();
        topology.addSource(
                AutoOffsetReset.earliest(),
                "events",
                (record, partitionTime) -> Download.timestampOf((byte[]) record.value()),
                Serdes.ByteArray().deserializer(),
                Serdes.ByteArray().deserializer(),
                topic);
        topology.addProcessor("windows", supplier, "events");
        return topology;
    }

    private static StoreBuilder<WindowStore<byte[], byte[]>> store(Sums sums) {
        return Stores.windowStoreBuilder(
                        Stores.persistentWindowStore(sums.store, Main.RETENTION, Main.WINDOW, false),
                        Serdes.ByteArray(),
                        Serdes.ByteArray())
                .withCachingEnabled();
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
        contents = context.getStateStore(Sums.CONTENT_STATS.store);
        regions = context.getStateStore(Sums.REGION_HEALTH.store);
        devices = context.getStateStore(Sums.DEVICE_STATS.store);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        event.read(record.value());
        long window = event.timestamp - Math.floorMod(event.timestamp, Main.WINDOW.toMillis());
        if (window + Main.WINDOW.toMillis() + Main.GRACE.toMillis() > streamTime) {
            streamTime = Math.max(streamTime, event.timestamp);
            add(contents, Sums.CONTENT_STATS, event.content, window);
            add(regions, Sums.REGION_HEALTH, event.region, window);
            add(devices, Sums.DEVICE_STATS, event.device, window);
        }
        done.increment();
    }

    private void add(WindowStore<byte[], byte[]> store, Sums sums, byte[] key, long window) {
        byte[] found = store.fetch(key, window);
        row.bytes = found == null ? new byte[sums.columns * 8] : found;
        sums.add(event, row);
        store.put(key, row.bytes, window);
    }
}
