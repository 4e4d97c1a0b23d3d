package io.compresso.data.image;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/** Decodes JPEG and PNG files. */
public final class ImageDecoder {
  /** {@code IEND}. */
  private static final int PNG_END = 0x49454E44;

  private ImageDecoder() {}

  /**
   * The pixels of a JPEG or PNG file; transparency is dropped, 16-bit samples lose their low byte.
   *
   * @param where what to call the file in messages
   * @throws DataException if the file is damaged or has more pixels than {@code maxPixels}
   */
  public static Pixels decode(byte[] file, long maxPixels, String where) {
    ImageHeader header = ImageHeader.read(file, where);
    header.requireAtMost(maxPixels, where);
    if (header.format().equals("png") && !hasEnd(file)) {
      throw new DataException(Code.MALFORMED, where, "the image is truncated");
    }
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(header.format());
    if (!readers.hasNext()) {
      throw new DataException(Code.IO, where, "this Java has no reader of " + header.format());
    }
    ImageReader reader = readers.next();
    StringBuilder truncated = new StringBuilder();
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(in, true, true);
      reader.addIIOReadWarningListener((_, warning) -> {
        if (warning.toLowerCase(Locale.ROOT).contains("premature end")) {
          truncated.append(warning);
        }
      });
      BufferedImage image = reader.read(0);
      if (!truncated.isEmpty()) {
        throw new DataException(Code.MALFORMED, where, "the image is truncated");
      }
      return pixels(image);
    } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw undecodable(where, e);
    } catch (DataException e) {
      throw e;
    } catch (RuntimeException e) {
      throw undecodable(where, e);
    } finally {
      reader.dispose();
    }
  }

  /** Whether the chunks of a PNG file go on to its end mark. */
  private static boolean hasEnd(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file);
    long at = 8;
    while (at + 8 <= file.length) {
      if (bytes.getInt((int) at + 4) == PNG_END) {
        return true;
      }
      at += 12 + Integer.toUnsignedLong(bytes.getInt((int) at));
    }
    return false;
  }

  private static DataException undecodable(String where, Exception e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new DataException(
        Code.MALFORMED, where, "the image cannot be decoded (" + reason + ")", e);
  }

  private static Pixels pixels(BufferedImage image) {
    Raster raster = image.getRaster();
    boolean direct = !(image.getColorModel() instanceof IndexColorModel);
    int type = raster.getDataBuffer().getDataType();
    boolean whole =
        (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT)
            && image.getSampleModel().getSampleSize(0) >= 8;
    if (direct && whole && raster.getNumBands() <= 2) {
      return bands(image, raster, 1);
    }
    if (direct && whole && image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_RGB) {
      return bands(image, raster, 3);
    }
    return viaRgb(image);
  }

  private static Pixels bands(BufferedImage image, Raster raster, int channels) {
    int width = image.getWidth();
    int height = image.getHeight();
    int shift = image.getSampleModel().getSampleSize(0) - 8;
    byte[] samples = new byte[width * height * channels];
    int @Nullable [] row = null;
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < height; y++) {
        row = raster.getSamples(0, y, width, 1, c, row);
        int at = y * width * channels + c;
        for (int x = 0; x < width; x++) {
          samples[at] = (byte) (row[x] >> shift);
          at += channels;
        }
      }
    }
    return new Pixels(width, height, channels, samples);
  }

  private static Pixels viaRgb(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] samples = new byte[width * height * 3];
    int[] row = new int[width];
    int at = 0;
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int pixel : row) {
        samples[at++] = (byte) (pixel >> 16);
        samples[at++] = (byte) (pixel >> 8);
        samples[at++] = (byte) pixel;
      }
    }
    return new Pixels(width, height, 3, samples);
  }
}
