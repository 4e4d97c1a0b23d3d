package io.compresso.data.audio;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * A RIFF/WAVE file of PCM integers of 8, 16, 24 or 32 bits or of floats of 32 or 64 bits, as
 * Microsoft's and IBM's "Multimedia Programming Interface and Data Specifications 1.0" and the
 * {@code WAVE_FORMAT_EXTENSIBLE} of its successor define it.
 *
 * @param rate samples per second and channel
 * @param samples the average of the channels, in -1..1
 */
public record WavFile(int rate, float[] samples) {
  private static final int RIFF = 0x46464952;
  private static final int WAVE = 0x45564157;
  private static final int FMT = 0x20746D66;
  private static final int DATA = 0x61746164;
  private static final int PCM = 1;
  private static final int IEEE_FLOAT = 3;
  private static final int EXTENSIBLE = 0xFFFE;
  private static final int EXTENSIBLE_BYTES = 40;
  private static final int MOST_CHANNELS = 64;

  /** Whether a file of that name is taken for a recording. */
  public static boolean isWavName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".wav") || lower.endsWith(".wave");
  }

  /** How the samples are stored. */
  private record Format(int encoding, int channels, int rate, int bits) {
    int frameBytes() {
      return channels * bits / 8;
    }
  }

  /**
   * Reads a file.
   *
   * @param where names the file in messages
   * @throws DataException if it is damaged or of another encoding; it names the byte
   */
  public static WavFile read(byte[] file, String where) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (file.length < 12 || bytes.getInt(0) != RIFF || bytes.getInt(8) != WAVE) {
      throw malformed(where, "the file does not begin with a RIFF/WAVE header");
    }
    Format format = null;
    long at = 12;
    while (at + 8 <= file.length) {
      int id = bytes.getInt((int) at);
      long size = Integer.toUnsignedLong(bytes.getInt((int) at + 4));
      long content = at + 8;
      if (id == DATA) {
        if (format == null) {
          throw malformed(where, "the data chunk at byte " + at + " comes before its format");
        }
        // Writers that stream leave the size open, at 0 or at its greatest.
        long rest = file.length - content;
        long length = size == 0 || size == 0xFFFF_FFFFL ? rest : size;
        if (length > rest) {
          throw malformed(
              where,
              "the data chunk at byte %d states %d bytes, %d are there"
                  .formatted(at, length, rest));
        }
        return new WavFile(format.rate(), samples(bytes, (int) content, (int) length, format));
      }
      if (content + size > file.length) {
        throw malformed(where, "the chunk at byte " + at + " ends after the file");
      }
      if (id == FMT) {
        format = format(bytes, (int) content, size, where);
      }
      at = content + size + (size & 1);
    }
    throw malformed(where, "there is no data chunk");
  }

  private static Format format(ByteBuffer bytes, int at, long size, String where) {
    if (size < 16) {
      throw malformed(where, "the format chunk at byte " + (at - 8) + " is too short");
    }
    int encoding = Short.toUnsignedInt(bytes.getShort(at));
    if (encoding == EXTENSIBLE && size >= EXTENSIBLE_BYTES) {
      encoding = Short.toUnsignedInt(bytes.getShort(at + 24));
    }
    Format format =
        new Format(
            encoding,
            Short.toUnsignedInt(bytes.getShort(at + 2)),
            bytes.getInt(at + 4),
            Short.toUnsignedInt(bytes.getShort(at + 14)));
    int bits = format.bits();
    boolean known =
        encoding == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32)
            || encoding == IEEE_FLOAT && (bits == 32 || bits == 64);
    if (!known) {
      throw malformed(
          where,
          "samples of encoding %d with %d bits are not read; PCM of 8 to 32 bits and floats are"
              .formatted(encoding, bits));
    }
    if (format.channels() < 1 || format.channels() > MOST_CHANNELS || format.rate() < 1) {
      throw malformed(
          where,
          "%d channels of %d samples a second are not read"
              .formatted(format.channels(), format.rate()));
    }
    return format;
  }

  private static float[] samples(ByteBuffer bytes, int at, int length, Format format) {
    float[] samples = new float[length / format.frameBytes()];
    int step = format.bits() / 8;
    for (int i = 0; i < samples.length; i++) {
      double sum = 0;
      for (int c = 0; c < format.channels(); c++) {
        sum += sample(bytes, at + (i * format.channels() + c) * step, format);
      }
      samples[i] = (float) (sum / format.channels());
    }
    return samples;
  }

  private static double sample(ByteBuffer bytes, int at, Format format) {
    if (format.encoding() == IEEE_FLOAT) {
      return format.bits() == 32 ? bytes.getFloat(at) : bytes.getDouble(at);
    }
    return switch (format.bits()) {
      case 8 -> ((bytes.get(at) & 0xFF) - 128) / 128.0;
      case 16 -> bytes.getShort(at) / 32_768.0;
      case 24 -> ((bytes.getShort(at) & 0xFFFF) | bytes.get(at + 2) << 16) / 8_388_608.0;
      default -> bytes.getInt(at) / 2_147_483_648.0;
    };
  }

  private static DataException malformed(String where, String message) {
    return new DataException(Code.MALFORMED, where, message);
  }
}
