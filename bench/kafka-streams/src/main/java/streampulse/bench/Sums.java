package streampulse.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What each table keeps per key and window, and how one event is added to it. Columns as in the streams definition. */
enum Sums {
    CONTENT_STATS("content_stats", 4) {
        @Override
        void add(Download event, Row row) {
            row.count(event, 0);
            row.add(3, event.size);
        }
    },
    REGION_HEALTH("region_health", 7) {
        @Override
        void add(Download event, Row row) {
            row.count(event, 0);
            if (event.status == Download.OTHER) {
                row.add(3, 1);
            } else if (event.status == Download.SUCCESS) {
                row.add(4, event.speed);
                row.add(5, event.duration);
            }
            row.add(6, event.size);
        }
    },
    DEVICE_STATS("device_stats", 5) {
        @Override
        void add(Download event, Row row) {
            row.count(event, 0);
            if (event.status == Download.SUCCESS) {
                row.add(3, event.speed);
            }
            row.add(4, event.size);
        }
    };

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final String store;
    final int columns;

    Sums(String store, int columns) {
        this.store = store;
        this.columns = columns;
    }

    abstract void add(Download event, Row row);

    /** A row as its store holds it; changed in place. */
    static final class Row {
        byte[] bytes;

        void add(int column, long amount) {
            LONG.set(bytes, column * 8, (long) LONG.get(bytes, column * 8) + amount);
        }

        void count(Download event, int column) {
            add(column, 1);
            if (event.status == Download.SUCCESS) {
                add(column + 1, 1);
            } else if (event.status == Download.FAILED) {
                add(column + 2, 1);
            }
        }
    }

    static long column(byte[] row, int column) {
        return (long) LONG.get(row, column * 8);
    }
}
