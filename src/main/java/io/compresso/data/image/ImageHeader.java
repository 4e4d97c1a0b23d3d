package io.compresso.data.image;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an image file says about itself before it is decoded.
 *
 * @param format {@code jpeg} or {@code png}
 */
public record ImageHeader(String format, int width, int height) {
  private static final long PNG_SIGNATURE = 0x89504E470D0A1A0AL;

  /** Whether a file of that name is meant to be an image that is read. */
  public static boolean isImageName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".jpg") || lower.endsWith(".jpeg") || lower.endsWith(".png");
  }

  /**
   * The header of a JPEG or PNG file.
   *
   * @param where what to call the file in messages
   * @throws DataException if it is neither, or damaged
   */
  public static ImageHeader read(byte[] file, String where) {
    ByteBuffer bytes = ByteBuffer.wrap(file);
    if (file.length >= 24 && bytes.getLong(0) == PNG_SIGNATURE) {
      return checked(new ImageHeader("png", bytes.getInt(16), bytes.getInt(20)), where);
    }
    if (file.length >= 4 && file[0] == (byte) 0xFF && file[1] == (byte) 0xD8) {
      ImageHeader header = jpeg(bytes);
      if (header == null) {
        throw new DataException(Code.MALFORMED, where, "the JPEG file has no frame: truncated");
      }
      return checked(header, where);
    }
    throw new DataException(Code.MALFORMED, where, "the file is neither JPEG nor PNG");
  }

  private static @Nullable ImageHeader jpeg(ByteBuffer bytes) {
    int at = 2;
    while (at + 9 <= bytes.limit()) {
      if (bytes.get(at) != (byte) 0xFF) {
        return null;
      }
      int marker = bytes.get(at + 1) & 0xFF;
      if (marker == 0xFF) {
        at++;
      } else if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
        at += 2;
      } else if (marker >= 0xC0
          && marker <= 0xCF
          && marker != 0xC4
          && marker != 0xC8
          && marker != 0xCC) {
        return new ImageHeader(
            "jpeg",
            Short.toUnsignedInt(bytes.getShort(at + 7)),
            Short.toUnsignedInt(bytes.getShort(at + 5)));
      } else {
        at += 2 + Short.toUnsignedInt(bytes.getShort(at + 2));
      }
    }
    return null;
  }

  private static ImageHeader checked(ImageHeader header, String where) {
    if (header.width <= 0 || header.height <= 0) {
      throw new DataException(
          Code.MALFORMED,
          where,
          "the image is " + header.width + " x " + header.height + " pixels");
    }
    return header;
  }

  /** Refuses an image of more pixels than the limit, before anything is allocated for it. */
  public void requireAtMost(long pixels, String where) {
    if ((long) width * height > pixels) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          where,
          "the image of " + width + " x " + height + " pixels is over the limit of " + pixels);
    }
  }
}
