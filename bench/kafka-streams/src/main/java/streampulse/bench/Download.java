package streampulse.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The fields of a download event that the aggregates need, read straight from its Avro bytes: no reflection, no
 * strings, and nothing allocated where one object is used for all records.
 */
final class Download {
    static final byte SUCCESS = 0;
    static final byte FAILED = 1;
    static final byte CANCELLED = 2;
    static final byte OTHER = 3;

    private static final VarHandle DOUBLE =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

    long timestamp;
    byte status;
    /** Sums are kept in millionths, as the streams definition asks. */
    long size;
    long duration;
    long speed;
    byte[] content;
    byte[] region;
    /** Device type and version as they stand next to each other in the event. */
    byte[] device;

    private byte[] bytes;
    private int at;

    /** Reads the event time alone. */
    static long timestampOf(byte[] bytes) {
        Download download = new Download();
        download.bytes = bytes;
        download.skipText();
        return download.number();
    }

    /** Field by field, in the order of schema/events/content-download.avsc. */
    Download read(byte[] event) {
        bytes = event;
        at = 0;
        skipText();
        timestamp = number();
        content = text();
        skipText();
        skipText();
        size = millionths();
        skipText();
        region = text();
        int from = at;
        skipText();
        skipText();
        device = Arrays.copyOfRange(bytes, from, at);
        status = status();
        duration = millionths();
        speed = millionths();
        bytes = null;
        return this;
    }

    private byte status() {
        int length = (int) number();
        int from = at;
        at += length;
        return switch (bytes[from]) {
            case 's' -> length == 7 ? SUCCESS : OTHER;
            case 'f' -> length == 6 ? FAILED : OTHER;
            case 'c' -> length == 9 ? CANCELLED : OTHER;
            default -> OTHER;
        };
    }

    private long number() {
        long raw = 0;
        int shift = 0;
        byte next;
        do {
            next = bytes[at++];
            raw |= (next & 0x7fL) << shift;
            shift += 7;
        } while (next < 0);
        return (raw >>> 1) ^ -(raw & 1);
    }

    private long millionths() {
        double value = (double) DOUBLE.get(bytes, at);
        at += 8;
        return Math.round(value * 1e6);
    }

    private byte[] text() {
        int length = (int) number();
        int from = at;
        at += length;
        return Arrays.copyOfRange(bytes, from, at);
    }

    private void skipText() {
        int length = (int) number();
        at += length;
    }
}
