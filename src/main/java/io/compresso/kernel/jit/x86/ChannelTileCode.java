package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.ChannelTile.Slot;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.TapLines.Use;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Generates {@code void f(rows, filters, output, constants, count, panels, residual, table)} for
 * AVX-512: rows of tiles of a depthwise convolution over NHWC that reads its input in place.
 *
 * <p>{@code rows} has a vector of padding, the distance to the first channel, and the address of
 * the addresses of the lines of the input that each row of tiles reads, of which there are {@code
 * count}. Columns of the padding are known from the tile's place.
 *
 * <p>An element of the input is read once, for all the sums of its tile, while the filters that it
 * meets are in registers.
 *
 * <p>With {@code quads}, products are of bytes: the bytes of four columns are interleaved, so that
 * an instruction sums four taps; all pixels of a tile share them. A panel is then 64 channels in
 * four vectors, of which vector {@code j} has, in each 128 bits, the channels {@code 4j} to {@code
 * 4j + 3} of the sixteen that belong there; narrowing brings them back into order.
 *
 * @param tile which columns are read
 * @param lines which lines are read
 * @param shape what is stored
 * @param quads whether products are of bytes
 */
record ChannelTileCode(ChannelTile tile, TapLines lines, TileShape shape, boolean quads) {
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
  private static final Gpr[] LINES = {POINTER, TAP_ROWS, FILTER, CHANNEL, POINTERS};

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

  /** Where the address of the addresses lies. */
  static final int LINES_AT = 72;

  static final int HEAD_BYTES = 80;

  /** Bytes of padding. */
  static final int PADDING_BYTES = 64;

  /** Vectors of a panel whose products are of bytes. */
  static final int QUAD_VECTORS = 4;

  /** Pixels of the largest tile whose products are of bytes. */
  static final int MOST_QUAD_PIXELS = 4;

  private static final int VECTOR_BYTES = 64;
  private static final int LANES = 16;
  private static final int MOST_EDGES = 12;
  private static final int FIRST_QUAD = 16;
  private static final int FIRST_FILTER = 24;
  private static final int FILTER_REGISTERS = 2;
  private static final Vec SPARE = Vec.zmm(26);
  private static final int REGISTERS = 32;

  /** What stores need beside the sums. */
  private static final int STORE_REGISTERS = 4;

  private static final int VALUES = 2;
  private static final Vec PADDING = Vec.zmm(28);
  private static final Vec FLIP = Vec.zmm(29);

  /** Whether there is code for the tile. */
  static boolean accepts(ChannelTile tile) {
    return tile.edges() <= MOST_EDGES;
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
    a.mov(POINTERS, Mem.at(ROWS, LINES_AT));
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
    a.add(FILTERS, panelBytes(tile, quads, shape.vectors()));
    a.add(OUTPUT, (long) shape.vectors() * LANES * shape.output().elementBytes());
    advance(a, CHANNEL_LOCAL, tile.type().bytes((long) shape.vectors() * LANES));
    a.add(TileCode.CONSTANTS, (long) TileShape.CONSTANT_VECTORS * shape.vectors() * VECTOR_BYTES);
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

  /** Whether registers have the places of all lines. */
  private boolean holdsLines() {
    return !repeats() && lines.count() <= LINES.length;
  }

  private Gpr filters() {
    return repeats() ? FILTER : FILTERS;
  }

  private boolean flips() {
    return tile.type() == DType.INT8;
  }

  private void row(Assembler a, TileStores stores) {
    a.mov(PLACE, Mem.at(Gpr.RSP, CHANNEL_LOCAL));
    a.add(PLACE, tile.origin(0) * tile.pixelBytes());
    a.mov(POINTERS, Mem.at(Gpr.RSP, POINTERS_LOCAL));
    for (int line = 0; holdsLines() && line < lines.count(); line++) {
      a.mov(LINES[line], Mem.at(POINTERS, 8L * line));
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
      quads(a, t, pixels);
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
      stores.storeInterleaved(a, pixels, length(), FIRST_QUAD);
    } else {
      stores.store(a, pixels);
    }
    a.add(PLACE, (long) tile.pixels() * tile.width().stride() * tile.pixelBytes());
    a.add(TileCode.RESULT, pixels * shape.output().pixelBytes());
  }

  private void beginLine(Assembler a, int line) {
    if (!holdsLines()) {
      a.mov(SOURCE, Mem.at(POINTER, 8L * line));
      a.add(SOURCE, PLACE);
    }
  }

  private Vec sum(int pixel, int vector) {
    return Vec.zmm(pixel * shape.vectors() + vector);
  }

  private void initialise(Assembler a, int pixels) {
    for (int j = 0; j < shape.vectors(); j++) {
      long start = (long) j * TileShape.CONSTANT_VECTORS * VECTOR_BYTES;
      a.vmovups(sum(0, j), Mem.at(TileCode.CONSTANTS, start));
      for (int pixel = 1; pixel < lines.outputRows() * pixels; pixel++) {
        a.vmovaps(sum(pixel, j), sum(0, j));
      }
    }
  }

  private boolean isPadding(int t, int column) {
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

  private Mem source(int line, int column, int vector) {
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

  // Four taps at a time

  private Vec.Length length() {
    int channels = shape.tail() == 0 ? QUAD_VECTORS * LANES : shape.tail();
    if (channels <= Vec.Length.XMM.bytes()) {
      return Vec.Length.XMM;
    }
    return channels <= Vec.Length.YMM.bytes() ? Vec.Length.YMM : Vec.Length.ZMM;
  }

  /** The products of a tile, filters and interleaved elements being shared by its rows. */
  private void quads(Assembler a, int t, int pixels) {
    List<Slot> slots = tile.slots();
    for (int quad = 0; quad < tile.quads().size(); quad++) {
      List<Integer> used = new ArrayList<>();
      for (int i = 0; i < slots.size(); i++) {
        if (slots.get(i).quad() == quad && slots.get(i).pixel() < pixels) {
          used.add(i);
        }
      }
      if (!used.isEmpty()) {
        quad(a, t, pixels, quad, used);
      }
    }
  }

  /** A row of the filter after the other, first those whose lines are in registers already. */
  private void quad(Assembler a, int t, int pixels, int quad, List<Integer> slots) {
    List<Integer> held = new ArrayList<>(Collections.nCopies(lines.outputRows(), -1));
    List<Integer> filterRows = new ArrayList<>();
    for (int row = 0; row < lines.filterRows(); row++) {
      filterRows.add(row);
    }
    while (!filterRows.isEmpty()) {
      Integer filterRow =
          Collections.min(
              filterRows,
              Comparator.comparingInt(row ->
                  lines.linesOf(row).stream()
                      .filter(line -> !held.contains(line))
                      .toList()
                      .size()));
      filterRows.remove(filterRow);
      List<Integer> needed = lines.linesOf(filterRow);
      for (int line : needed) {
        if (!held.contains(line)) {
          int set = 0;
          while (needed.contains(held.get(set))) {
            set++;
          }
          held.set(set, line);
          beginLine(a, line);
          interleave(a, t, line, tile.quads().get(quad), set);
        }
      }
      List<Integer> sets = needed.stream().map(held::indexOf).toList();
      for (int slot : slots) {
        multiply(a, slot, tile.slots().get(slot).pixel(), pixels, filterRow, sets);
      }
    }
  }

  /**
   * Adds the products of a slot.
   *
   * @param sets for each row of the tile where its elements are
   */
  private void multiply(
      Assembler a, int slot, int pixel, int pixels, int filterRow, List<Integer> sets) {
    for (int j = 0; j < QUAD_VECTORS; j++) {
      long place = ((long) filterRow * tile.slots().size() + slot) * QUAD_VECTORS + j;
      Mem filter = Mem.at(filters(), place * VECTOR_BYTES);
      if (sets.size() == 1) {
        a.vpdpbusd(sum(pixel, j).as(length()), quad(sets.getFirst(), j), filter);
        continue;
      }
      Vec register = new Vec(FIRST_FILTER + j % FILTER_REGISTERS, length());
      a.vmovups(register, filter);
      for (int row = 0; row < sets.size(); row++) {
        a.vpdpbusd(sum(row * pixels + pixel, j).as(length()), quad(sets.get(row), j), register);
      }
    }
  }

  private Vec quad(int set, int vector) {
    return new Vec(FIRST_QUAD + set * QUAD_VECTORS + vector, length());
  }

  private void interleave(Assembler a, int t, int line, List<Integer> columns, int set) {
    Vec[] targets = new Vec[QUAD_VECTORS];
    Vec[] values = new Vec[QUAD_VECTORS];
    for (int i = 0; i < QUAD_VECTORS; i++) {
      targets[i] = quad(set, i);
      // A column that is not there has filters of 0.
      if (i >= columns.size() || isPadding(t, columns.get(i))) {
        values[i] = PADDING.as(length());
        continue;
      }
      values[i] = targets[i];
      Mem source = source(line, columns.get(i), 0);
      int channels = shape.tail() == 0 ? QUAD_VECTORS * LANES : shape.tail();
      if (channels == length().bytes()) {
        a.vmovups(values[i], source);
      } else {
        a.vmovdqu8(values[i], source, Modifiers.zeroing(TileStores.PIXEL_BYTES));
      }
      if (flips()) {
        a.vpxor(values[i], values[i], FLIP.as(length()));
      }
    }
    Vec first = SPARE.as(length());
    a.vpunpcklbw(first, values[0], values[1]);
    a.vpunpckhbw(targets[0], values[0], values[1]);
    a.vpunpcklbw(targets[1], values[2], values[3]);
    a.vpunpckhbw(targets[2], values[2], values[3]);
    a.vpunpckhwd(targets[3], targets[0], targets[2]);
    a.vpunpcklwd(targets[2], targets[0], targets[2]);
    a.vpunpcklwd(targets[0], first, targets[1]);
    a.vpunpckhwd(targets[1], first, targets[1]);
  }
}
