package streampulse.bench;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;

/**
 * Runs one form over a topic and says on standard output how far it is: {@code first}, {@code half}, {@code last}, then
 * the sums over each store, for the bench to compare with the truth.
 */
public final class Main {
    static final Duration WINDOW = Duration.ofMinutes(1);
    static final Duration GRACE = Duration.ofSeconds(30);
    /** Keeps every window of the run, so that the sums can be checked at its end. */
    static final Duration RETENTION = Duration.ofHours(3);

    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        String form = arguments[0];
        String topic = arguments[2];
        long events = Long.parseLong(arguments[5]);
        Properties settings = settings(arguments[1], arguments[3], arguments[4], arguments[6]);
        LongAdder done = new LongAdder();
        boolean dsl = form.equals("dsl");
        Topology topology =
                dsl ? DslForm.topology(topic, done, settings) : ProcessorForm.topology(topic, done);
        // In the DSL each event is counted once per aggregate.
        long steps = dsl ? events * Sums.values().length : events;
        try (KafkaStreams streams = new KafkaStreams(topology, settings)) {
            streams.setUncaughtExceptionHandler(error -> {
                error.printStackTrace();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            await(streams, done, 1, "first");
            await(streams, done, steps / 2, "half");
            await(streams, done, steps, "last");
            Thread.sleep(500);
            for (Sums sums : Sums.values()) {
                say(total(streams, sums));
            }
            say("done");
        }
    }

    private static Properties settings(String servers, String application, String folder, String threads) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 512L << 20);
        settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    private static void await(KafkaStreams streams, LongAdder done, long steps, String name)
            throws InterruptedException {
        while (done.sum() < steps) {
            if (streams.state().hasCompletedShutdown() || streams.state().isShuttingDown()) {
                System.exit(1);
            }
            Thread.sleep(1);
        }
        say(name);
    }

    private static String total(KafkaStreams streams, Sums sums) {
        ReadOnlyWindowStore<byte[], byte[]> store = streams.store(
                StoreQueryParameters.fromNameAndType(sums.store, QueryableStoreTypes.windowStore()));
        long[] totals = new long[sums.columns];
        try (var rows = store.all()) {
            rows.forEachRemaining(row -> {
                for (int column = 0; column < totals.length; column++) {
                    totals[column] += Sums.column(row.value, column);
                }
            });
        }
        StringBuilder line = new StringBuilder("totals ").append(sums.store);
        for (long total : totals) {
            line.append(' ').append(total);
        }
        return line.toString();
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
