package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.TapLines.Use;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.tensor.DType;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Generates {@code void f(rows, filters, output, constants, count, panels, residual, table)} for
 * AVX-512: rows of tiles of a depthwise convolution over NHWC that reads its input in place.
 *
 * <p>{@code rows} begins with a vector of padding and the distance to the first channel; then come,
 * for each row of tiles, of which there are {@code count}, the addresses of the lines of the input
 * that it reads. Columns of the padding are known from the tile's place.
 *
 * <p>An element of the input is read once, for all the sums of its tile, while the filters that it
 * meets are in registers.
 *
 * <p>With {@code quads}, products are of bytes: the bytes of four columns are interleaved, so that
 * an instruction sums four taps; all pixels of a tile share them. A panel is then 64 channels in
 * four vectors, of which vector {@code j} has, in each 128 bits, the channels {@code 4j} to {@code
 * 4j + 3} of the sixteen that belong there; narrowing brings them back into order.
 *
 * <p>With {@code halves}, too, a panel of at most 32 channels is in both halves of its vectors: the
 * second half of a tile's rows is in the upper ones.
 *
 * @param tile which columns are read
 * @param lines which lines are read
 * @param shape what is stored
 * @param quads whether products are of bytes
 * @param halves whether the upper halves of the vectors have further rows
 */
record ChannelTileCode(
    ChannelTile tile, TapLines lines, TileShape shape, boolean quads, boolean halves) {
  private static final Gpr ROWS = Gpr.RDI;
  private static final Gpr FILTERS = Gpr.RSI;
  private static final Gpr OUTPUT = Gpr.RDX;
  private static final Gpr CHANNEL = Gpr.R9;
  private static final Gpr PLACE = Gpr.R12;
  private static final Gpr COUNT = Gpr.RBX;
  private static final Gpr SOURCE = Gpr.RAX;
  private static final Gpr FILTER = Gpr.RBP;
  private static final Gpr TAP_ROWS = Gpr.R14;
  private static final Gpr POINTERS = Gpr.R15;
  private static final Gpr POINTER = Gpr.R8;

  /** Where the lines of a row of tiles begin, if there are no more, in place of what has them. */
  private static final Gpr[] LINES = {
    POINTERS, POINTER, TAP_ROWS, FILTER, CHANNEL, TileCode.RESIDUAL, SOURCE
  };

  /** The lines that registers have beside those that finish floats. */
  private static final int PLAIN_LINES = 5;

  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

  private static final int ROWS_LOCAL = 0;
  private static final int PANELS_LOCAL = 8;
  private static final int ROW_LOCAL = 16;
  private static final int CHANNEL_LOCAL = 24;
  private static final int POINTERS_LOCAL = 32;
  private static final int LOCALS = 40;
  private static final int RESIDUAL_ARGUMENT = LOCALS + 8 * SAVED.length + 8;
  private static final int TABLE_ARGUMENT = RESIDUAL_ARGUMENT + 8;

  /** Where the distance to the first channel lies, in bytes. */
  static final int CHANNEL_AT = 64;

  /** Bytes before the addresses. */
  static final int HEAD_BYTES = 72;

  /** Bytes of padding. */
  static final int PADDING_BYTES = 64;

  /** Vectors of a panel whose products are of bytes. */
  static final int QUAD_VECTORS = 4;

  /** Pixels of the largest tile whose products are of bytes. */
  static final int MOST_QUAD_PIXELS = 4;

  static final int VECTOR_BYTES = 64;
  static final int LANES = 16;

  private static final int MOST_EDGES = 12;
  private static final int REGISTERS = 32;

  /** What stores need beside the sums. */
  private static final int STORE_REGISTERS = 4;

  private static final int VALUES = 2;
  static final Vec PADDING = Vec.zmm(28);
  static final Vec FLIP = Vec.zmm(29);

  /** Whether there is code for the tile. */
  static boolean accepts(ChannelTile tile) {
    return tile.edges() <= MOST_EDGES;
  }

  /** Whether registers have the places of all lines. */
  static boolean holdsLines(TapLines lines, boolean quads) {
    return lines.repeats() == 1 && lines.count() <= (quads ? LINES.length : PLAIN_LINES);
  }

  /**
   * Pixels of a row of the largest tile, of one vector.
   *
   * @param taps how many taps of a row are to be in registers
   */
  static int mostPixels(TapLines lines, int taps) {
    int rows = lines.outputRows();
    return Math.min(REGISTERS - STORE_REGISTERS, REGISTERS - VALUES - rows * taps) / rows;
  }

  /** Bytes of the filters of a panel of so many vectors. */
  static long panelBytes(ChannelTile tile, boolean quads, int vectors) {
    int perRow = quads ? tile.slots().size() : tile.width().kernel();
    return (long) tile.rows() * perRow * vectors * VECTOR_BYTES;
  }

  byte[] generate() {
    Assembler a = new Assembler();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.add(Gpr.RSP, -LOCALS);
    a.mov(TileCode.RESIDUAL, Mem.at(Gpr.RSP, RESIDUAL_ARGUMENT));
    a.sub(TileCode.RESIDUAL, OUTPUT);
    a.mov(TileCode.TABLE, Mem.at(Gpr.RSP, TABLE_ARGUMENT));
    a.mov(Mem.at(Gpr.RSP, ROWS_LOCAL), Gpr.R8);
    a.mov(Mem.at(Gpr.RSP, PANELS_LOCAL), Gpr.R9);
    TileStores stores = new TileStores(VectorSet.AVX512, shape);
    stores.prepare(a, quads);
    if (halves) {
      a.mov(SOURCE, (1L << shape.tail()) - 1 << QuadProducts.UPPER);
      a.kmovq(QuadProducts.UPPER_BYTES, SOURCE);
    }
    if (quads) {
      a.vmovups(PADDING, Mem.at(ROWS));
      if (flips()) {
        a.mov(SOURCE, 0x80808080L);
        a.vmovd(FLIP.as(Vec.Length.XMM), SOURCE);
        a.vbroadcastss(FLIP, FLIP.as(Vec.Length.XMM));
      }
    }
    a.mov(CHANNEL, Mem.at(ROWS, CHANNEL_AT));
    a.mov(Mem.at(Gpr.RSP, CHANNEL_LOCAL), CHANNEL);
    Label panel = a.here();
    long filters = panelBytes(tile, quads, shape.vectors());
    long constants = (long) TileShape.CONSTANT_VECTORS * shape.vectors() * VECTOR_BYTES;
    TileCode.prefetch(a, FILTERS, filters, filters);
    TileCode.prefetch(a, TileCode.CONSTANTS, constants, constants);
    a.lea(POINTERS, Mem.at(ROWS, HEAD_BYTES));
    a.mov(Mem.at(Gpr.RSP, POINTERS_LOCAL), POINTERS);
    a.mov(TileCode.RESULT, OUTPUT);
    a.mov(SOURCE, Mem.at(Gpr.RSP, ROWS_LOCAL));
    a.mov(Mem.at(Gpr.RSP, ROW_LOCAL), SOURCE);
    Label row = a.here();
    row(a, stores);
    long read = tile.width().outputSize() * shape.output().pixelBytes();
    a.add(TileCode.RESULT, lines.outputRows() * shape.output().rowBytes() - read);
    advance(a, POINTERS_LOCAL, 8L * lines.count());
    a.dec(Mem.at(Gpr.RSP, ROW_LOCAL));
    a.jump(Condition.NOT_EQUAL, row);
    a.add(FILTERS, filters);
    a.add(OUTPUT, (long) shape.vectors() * LANES * shape.output().elementBytes());
    advance(a, CHANNEL_LOCAL, tile.type().bytes((long) shape.vectors() * LANES));
    a.add(TileCode.CONSTANTS, constants);
    a.dec(Mem.at(Gpr.RSP, PANELS_LOCAL));
    a.jump(Condition.NOT_EQUAL, panel);
    a.vzeroupper();
    a.add(Gpr.RSP, LOCALS);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  private static void advance(Assembler a, int local, long bytes) {
    a.mov(SOURCE, Mem.at(Gpr.RSP, local));
    a.add(SOURCE, bytes);
    a.mov(Mem.at(Gpr.RSP, local), SOURCE);
  }

  private boolean repeats() {
    return lines.repeats() > 1;
  }

  private boolean holdsLines() {
    return holdsLines(lines, quads);
  }

  Gpr filters() {
    return repeats() ? FILTER : FILTERS;
  }

  boolean flips() {
    return tile.type() == DType.INT8;
  }

  private void row(Assembler a, TileStores stores) {
    a.mov(PLACE, Mem.at(Gpr.RSP, CHANNEL_LOCAL));
    a.add(PLACE, tile.origin(0) * tile.pixelBytes());
    a.mov(POINTERS, Mem.at(Gpr.RSP, POINTERS_LOCAL));
    if (holdsLines()) {
      for (int line = lines.count() - 1; line >= 0; line--) {
        a.mov(LINES[line], Mem.at(POINTERS, 8L * line));
      }
    }
    for (int t = 0; t < tile.tiles(); ) {
      int end = t;
      while (end < tile.tiles() && tile.isInner(end)) {
        end++;
      }
      if (end - t > 1) {
        a.mov(COUNT, end - t);
        Label next = a.here();
        tile(a, stores, t);
        a.dec(COUNT);
        a.jump(Condition.NOT_EQUAL, next);
        t = end;
      } else {
        tile(a, stores, t);
        t++;
      }
    }
  }

  private void tile(Assembler a, TileStores stores, int t) {
    int pixels = tile.pixelsOf(t);
    initialise(a, pixels);
    if (repeats()) {
      a.mov(FILTER, FILTERS);
      a.mov(TAP_ROWS, lines.repeats());
    }
    if (!holdsLines()) {
      a.mov(POINTER, POINTERS);
    }
    Label next = a.here();
    if (quads) {
      new QuadProducts(this).emit(a, t, pixels);
    } else {
      for (int line = 0; line < lines.uses().size(); line++) {
        beginLine(a, line);
        taps(a, t, pixels, line);
      }
    }
    if (repeats()) {
      a.add(FILTER, panelBytes(tile, quads, shape.vectors()) / lines.repeats());
      a.add(POINTER, 8L * lines.uses().size());
      a.dec(TAP_ROWS);
      a.jump(Condition.NOT_EQUAL, next);
    }
    if (quads) {
      stores.storeInterleaved(
          a, pixels, new QuadProducts(this).length(), QuadProducts.FIRST_QUAD, halves);
    } else {
      stores.store(a, pixels);
    }
    a.add(PLACE, (long) tile.pixels() * tile.width().stride() * tile.pixelBytes());
    a.add(TileCode.RESULT, pixels * shape.output().pixelBytes());
  }

  void beginLine(Assembler a, int line) {
    if (!holdsLines()) {
      a.mov(SOURCE, Mem.at(POINTER, 8L * line));
      a.add(SOURCE, PLACE);
    }
  }

  Vec sum(int pixel, int vector) {
    return Vec.zmm(pixel * shape.vectors() + vector);
  }

  private void initialise(Assembler a, int pixels) {
    for (int j = 0; j < shape.vectors(); j++) {
      long start = (long) j * TileShape.CONSTANT_VECTORS * VECTOR_BYTES;
      a.vmovups(sum(0, j), Mem.at(TileCode.CONSTANTS, start));
      for (int pixel = 1; pixel < shape.rows() * pixels; pixel++) {
        a.vmovaps(sum(pixel, j), sum(0, j));
      }
    }
  }

  boolean isPadding(int t, int column) {
    int place = tile.origin(t) + column;
    return !tile.isInner(t) && (place < 0 || place >= tile.width().size());
  }

  // One tap at a time

  private void taps(Assembler a, int t, int pixels, int line) {
    List<Use> uses = lines.uses().get(line);
    int free = REGISTERS - VALUES - lines.outputRows() * pixels * shape.vectors();
    int most = Math.max(1, free / (uses.size() * shape.vectors()));
    int kernel = tile.width().kernel();
    for (int first = 0; first < kernel; first += most) {
      taps(a, t, pixels, line, first, Math.min(kernel, first + most));
    }
  }

  /** The products of a line with some taps, whose filters are in registers. */
  private void taps(Assembler a, int t, int pixels, int line, int first, int end) {
    List<Use> uses = lines.uses().get(line);
    for (int use = 0; use < uses.size(); use++) {
      for (int tap = first; tap < end; tap++) {
        long row = (long) uses.get(use).filterRow() * tile.width().kernel() + tap;
        for (int j = 0; j < shape.vectors(); j++) {
          a.vmovups(
              filter(pixels, use * (end - first) + tap - first, j),
              Mem.at(filters(), (row * shape.vectors() + j) * VECTOR_BYTES));
        }
      }
    }
    SortedSet<Integer> columns = new TreeSet<>();
    for (int pixel = 0; pixel < pixels; pixel++) {
      for (int tap = first; tap < end; tap++) {
        columns.add(tile.column(pixel, tap));
      }
    }
    int count = 0;
    for (int column : columns) {
      for (int j = 0; j < shape.vectors(); j++) {
        Vec value = value(shape.arithmetic().isInteger() ? 0 : count++ % VALUES);
        if (isPadding(t, column)) {
          // A filter that is infinite or NaN makes NaN of the padding, too.
          a.vmovups(value, Mem.at(ROWS));
        } else {
          load(a, value, line, column, j);
        }
        for (int use = 0; use < uses.size(); use++) {
          for (int pixel = 0; pixel < pixels; pixel++) {
            int tap = tile.tap(pixel, column);
            if (tap >= first && tap < end) {
              Vec sum = sum(uses.get(use).outputRow() * pixels + pixel, j);
              Vec filter = filter(pixels, use * (end - first) + tap - first, j);
              multiply(a, sum, filter, value);
            }
          }
        }
      }
    }
  }

  private Vec filter(int pixels, int index, int vector) {
    int sums = lines.outputRows() * pixels * shape.vectors();
    return Vec.zmm(sums + index * shape.vectors() + vector);
  }

  private static Vec value(int index) {
    return Vec.zmm(REGISTERS - VALUES + index);
  }

  private void multiply(Assembler a, Vec sum, Vec filter, Vec value) {
    if (shape.arithmetic().isInteger()) {
      Vec product = value(1);
      a.vpmaddwd(product, value, filter);
      a.vpaddd(sum, sum, product);
    } else {
      a.vfmadd231ps(sum, filter, value);
    }
  }

  Mem source(int line, int column, int vector) {
    long at = column * tile.pixelBytes() + tile.type().bytes((long) vector * LANES);
    return holdsLines() ? Mem.at(LINES[line], PLACE, 1, at) : Mem.at(SOURCE, at);
  }

  private boolean isMasked(int vector) {
    return shape.tail() > 0 && vector == shape.vectors() - 1;
  }

  private void load(Assembler a, Vec value, int line, int column, int vector) {
    Mem source = source(line, column, vector);
    Modifiers modifiers = isMasked(vector) ? Modifiers.zeroing(TileStores.TAIL) : Modifiers.NONE;
    switch (tile.type()) {
      case FLOAT16 -> a.vcvtph2ps(value, source, modifiers);
      case UINT8 -> a.vpmovzxbd(value, source, modifiers);
      case INT8 -> a.vpmovsxbd(value, source, modifiers);
      default -> a.vmovups(value, source, modifiers);
    }
  }
}
