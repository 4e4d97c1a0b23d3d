package io.compresso.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;

/** Files of all formats, whole and broken, for tests of their readers. */
final class TestArchives {
  private static final int BLOCK = 512;

  private TestArchives() {}

  static byte[] idx(int type, int[] dims, byte[] elements) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * dims.length + elements.length);
    bytes.put((byte) 0).put((byte) 0).put((byte) type).put((byte) dims.length);
    for (int dim : dims) {
      bytes.putInt(dim);
    }
    return bytes.put(elements).array();
  }

  static byte[] npy(String descr, boolean fortran, String shape, byte[] elements) {
    String header =
        "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }"
            .formatted(descr, fortran ? "True" : "False", shape);
    return npyOfHeader(header, elements);
  }

  static byte[] npyOfHeader(String header, byte[] elements) {
    String padded = header + " ".repeat(63 - (10 + header.length()) % 64) + "\n";
    ByteBuffer bytes =
        ByteBuffer.allocate(10 + padded.length() + elements.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    bytes.putShort((short) padded.length());
    return bytes.put(padded.getBytes(StandardCharsets.UTF_8)).put(elements).array();
  }

  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] zip(Map<String, byte[]> entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** A zip archive of stored entries whose central directory says what the test wants. */
  static byte[] rawZip(String[] names, byte[] content, int flags, int externalAttributes) {
    CRC32 crc = new CRC32();
    crc.update(content);
    ByteBuffer out = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    int[] offsets = new int[names.length];
    for (int i = 0; i < names.length; i++) {
      byte[] name = names[i].getBytes(StandardCharsets.UTF_8);
      offsets[i] = out.position();
      out.putInt(0x04034b50).putShort((short) 20).putShort((short) flags).putShort((short) 0);
      out.putInt(0).putInt((int) crc.getValue()).putInt(content.length).putInt(content.length);
      out.putShort((short) name.length).putShort((short) 0).put(name).put(content);
    }
    int directory = out.position();
    for (int i = 0; i < names.length; i++) {
      byte[] name = names[i].getBytes(StandardCharsets.UTF_8);
      out.putInt(0x02014b50).putShort((short) (3 << 8 | 20)).putShort((short) 20);
      out.putShort((short) flags).putShort((short) 0).putInt(0).putInt((int) crc.getValue());
      out.putInt(content.length).putInt(content.length).putShort((short) name.length);
      out.putShort((short) 0).putShort((short) 0).putShort((short) 0).putShort((short) 0);
      out.putInt(externalAttributes).putInt(offsets[i]).put(name);
    }
    int size = out.position() - directory;
    out.putInt(0x06054b50).putShort((short) 0).putShort((short) 0);
    out.putShort((short) names.length).putShort((short) names.length);
    out.putInt(size).putInt(directory).putShort((short) 0);
    byte[] bytes = new byte[out.position()];
    out.get(0, bytes);
    return bytes;
  }

  /** A tar archive of regular files. */
  static byte[] tar(Map<String, byte[]> entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    entries.forEach(
        (name, content) -> out.writeBytes(tarEntry(name, '0', content.length, content)));
    out.writeBytes(new byte[2 * BLOCK]);
    return out.toByteArray();
  }

  /** One entry: a header that states {@code size}, and the content filled up to blocks. */
  static byte[] tarEntry(String name, char type, long size, byte[] content) {
    byte[] header = new byte[BLOCK];
    put(header, 0, name);
    put(header, 100, "0000644\0");
    put(header, 124, "%011o\0".formatted(size));
    header[156] = (byte) type;
    put(header, 257, "ustar\0" + "00");
    return concat(checked(header), content, new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
  }

  static byte[] checked(byte[] header) {
    put(header, 148, "        ");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xFF;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    return header;
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static void put(byte[] bytes, int at, String text) {
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(ascii, 0, bytes, at, ascii.length);
  }

  /**
   * A picture whose pixel at {@code (x, y)} is {@code 0xRRGGBB} from {@code pixels}, row by row.
   */
  static byte[] image(String format, int width, int height, int... pixels) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, pixels[i % pixels.length]);
    }
    return encoded(format, image);
  }

  static byte[] encoded(String format, BufferedImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, format, out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static Map<String, byte[]> entries(Object... namesAndContents) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    for (int i = 0; i < namesAndContents.length; i += 2) {
      entries.put((String) namesAndContents[i], (byte[]) namesAndContents[i + 1]);
    }
    return entries;
  }

  static DataFile file(Path folder, String name, byte[] content) {
    Path path = folder.resolve("blob" + Integer.toHexString(name.hashCode()));
    try {
      Files.write(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new DataFile(name, path);
  }
}
