package io.compresso.data;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Handwriting-like digits, drawn by the program itself: each class is a skeleton of strokes that is
 * bent, rotated, sheared, scaled, moved, drawn with a pen of random width, and made noisy. 28 by 28
 * grey pixels, 0 to 255, the classes in turn. The same seed gives the same pixels.
 */
public final class SampleDigits {
  /** Width and height of an image, in pixels. */
  public static final int SIDE = 28;

  /** The number of classes. */
  public static final int CLASSES = 10;

  private static final int STEPS = 24;

  private final int count;
  private final long seed;

  /**
   * A set of drawings.
   *
   * @param count how many; image {@code i} is of class {@code i % 10}
   */
  public SampleDigits(int count, long seed) {
    this.count = count;
    this.seed = seed;
  }

  public int count() {
    return count;
  }

  /** The class of image {@code index}. */
  public int label(int index) {
    return index % CLASSES;
  }

  /** The pixels of image {@code index}, row by row. */
  public byte[] pixels(int index) {
    Random random = new Random(seed * 1_000_003 + index);
    random.nextInt();
    double[][] strokes = skeleton(label(index), random);
    transform(strokes, random);
    return draw(strokes, random);
  }

  /**
   * Writes the drawings as a zip archive of the two files that MNIST has, images and labels in the
   * IDX format.
   */
  public void writeArchive(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      put(zip, "images-idx3-ubyte");
      zip.write(
          ByteBuffer.allocate(16).putInt(0x0803).putInt(count).putInt(SIDE).putInt(SIDE).array());
      for (int i = 0; i < count; i++) {
        zip.write(pixels(i));
      }
      zip.closeEntry();
      put(zip, "labels-idx1-ubyte");
      zip.write(ByteBuffer.allocate(8).putInt(0x0801).putInt(count).array());
      for (int i = 0; i < count; i++) {
        zip.write(label(i));
      }
      zip.closeEntry();
    }
  }

  private static void put(ZipOutputStream zip, String name) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setTime(0);
    zip.putNextEntry(entry);
  }

  /** Strokes as x, y, x, y, ... in the unit square, y downwards. */
  private static double[][] skeleton(int digit, Random random) {
    double j = 0.5 + random.nextDouble();
    return switch (digit) {
      case 0 -> strokes(arc(0.5, 0.5, 0.28 * (0.8 + 0.3 * j), 0.4, 0, 360));
      case 1 ->
          random.nextBoolean()
              ? strokes(line(0.5, 0.1, 0.5, 0.9))
              : strokes(line(0.32, 0.3, 0.52, 0.1), line(0.52, 0.1, 0.52, 0.9));
      case 2 ->
          strokes(
              join(arc(0.5, 0.32, 0.26, 0.22, 190, 400), line(0.66, 0.48, 0.24, 0.9)),
              line(0.24, 0.9, 0.8, 0.9 - 0.06 * j));
      case 3 -> strokes(arc(0.46, 0.3, 0.26, 0.2, 200, 450), arc(0.46, 0.7, 0.29, 0.2, 270, 520));
      case 4 ->
          strokes(
              join(line(0.55, 0.1, 0.2, 0.6 + 0.05 * j), line(0.2, 0.6 + 0.05 * j, 0.82, 0.62)),
              line(0.62, 0.35, 0.62, 0.92));
      case 5 ->
          strokes(
              line(0.76, 0.1, 0.32, 0.1),
              line(0.32, 0.1, 0.28, 0.46),
              arc(0.46, 0.66, 0.3, 0.24, 225, 500));
      case 6 -> strokes(arc(0.68, 0.52, 0.42, 0.44, 180, 265), arc(0.5, 0.68, 0.25, 0.22, 0, 360));
      case 7 ->
          random.nextInt(3) == 0
              ? strokes(
                  line(0.2, 0.12, 0.8, 0.12), line(0.8, 0.12, 0.42, 0.9), line(0.4, 0.5, 0.74, 0.5))
              : strokes(line(0.2, 0.12, 0.8, 0.12), line(0.8, 0.12, 0.4 + 0.05 * j, 0.9));
      case 8 ->
          strokes(
              arc(0.5, 0.3, 0.21 * (0.7 + 0.3 * j), 0.2, 0, 360),
              arc(0.5, 0.7, 0.25 * (0.8 + 0.2 * j), 0.21, 0, 360));
      case 9 ->
          strokes(
              arc(0.5, 0.32, 0.24, 0.22, 0, 360),
              random.nextBoolean()
                  ? line(0.74, 0.32, 0.68, 0.9)
                  : arc(0.32, 0.46, 0.42, 0.44, 0, 85));
      default -> throw new IllegalArgumentException("no digit " + digit);
    };
  }

  private static double[][] strokes(double[]... strokes) {
    return strokes;
  }

  private static double[] line(double x0, double y0, double x1, double y1) {
    double[] points = new double[2 * (STEPS + 1)];
    for (int i = 0; i <= STEPS; i++) {
      double t = (double) i / STEPS;
      points[2 * i] = x0 + t * (x1 - x0);
      points[2 * i + 1] = y0 + t * (y1 - y0);
    }
    return points;
  }

  /** Degrees run clockwise from the right. */
  private static double[] arc(
      double x, double y, double rx, double ry, double fromDegrees, double toDegrees) {
    double[] points = new double[2 * (STEPS + 1)];
    for (int i = 0; i <= STEPS; i++) {
      double angle = Math.toRadians(fromDegrees + (toDegrees - fromDegrees) * i / STEPS);
      points[2 * i] = x + rx * StrictMath.cos(angle);
      points[2 * i + 1] = y + ry * StrictMath.sin(angle);
    }
    return points;
  }

  private static double[] join(double[] first, double[] second) {
    double[] joined = new double[first.length + second.length];
    System.arraycopy(first, 0, joined, 0, first.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  private static void transform(double[][] strokes, Random random) {
    double angle = Math.toRadians(12 * random.nextGaussian());
    double shear = 0.15 * random.nextGaussian();
    double scaleX = 0.72 + 0.3 * random.nextDouble();
    double scaleY = 0.75 + 0.22 * random.nextDouble();
    double shiftX = 0.5 + 0.05 * random.nextGaussian();
    double shiftY = 0.5 + 0.05 * random.nextGaussian();
    double bendX = 0.04 * random.nextGaussian();
    double bendY = 0.04 * random.nextGaussian();
    double phase = 2 * Math.PI * random.nextDouble();
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    for (double[] stroke : strokes) {
      double wobbleX = 0.02 * random.nextGaussian();
      double wobbleY = 0.02 * random.nextGaussian();
      for (int i = 0; i < stroke.length; i += 2) {
        double x = stroke[i] - 0.5 + wobbleX;
        double y = stroke[i + 1] - 0.5 + wobbleY;
        x += bendX * StrictMath.sin(5 * y + phase);
        y += bendY * StrictMath.sin(5 * x + phase);
        x = x * scaleX + shear * y;
        y = y * scaleY;
        stroke[i] = shiftX + cos * x - sin * y;
        stroke[i + 1] = shiftY + sin * x + cos * y;
      }
    }
  }

  private static byte[] draw(double[][] strokes, Random random) {
    double pen = (0.7 + 0.9 * random.nextDouble()) / SIDE;
    double edge = 1.2 / SIDE;
    double ink = 0.75 + 0.25 * random.nextDouble();
    double noise = 0.08 * random.nextDouble();
    byte[] pixels = new byte[SIDE * SIDE];
    for (int row = 0; row < SIDE; row++) {
      for (int column = 0; column < SIDE; column++) {
        double distance = distance(strokes, (column + 0.5) / SIDE, (row + 0.5) / SIDE);
        double value = ink * Math.clamp(1 - (distance - pen) / edge, 0, 1);
        value += noise * random.nextGaussian();
        pixels[row * SIDE + column] = (byte) Math.round(255 * Math.clamp(value, 0, 1));
      }
    }
    return pixels;
  }

  private static double distance(double[][] strokes, double x, double y) {
    double nearest = Double.MAX_VALUE;
    for (double[] stroke : strokes) {
      for (int i = 0; i + 3 < stroke.length; i += 2) {
        double dx = stroke[i + 2] - stroke[i];
        double dy = stroke[i + 3] - stroke[i + 1];
        double length = dx * dx + dy * dy;
        double t =
            length == 0
                ? 0
                : Math.clamp(((x - stroke[i]) * dx + (y - stroke[i + 1]) * dy) / length, 0, 1);
        double ex = x - stroke[i] - t * dx;
        double ey = y - stroke[i + 1] - t * dy;
        nearest = Math.min(nearest, ex * ex + ey * ey);
      }
    }
    return Math.sqrt(nearest);
  }
}
