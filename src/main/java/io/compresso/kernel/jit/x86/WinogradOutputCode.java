package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.LinearCode.Elements;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.LinearProgram;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.nhwc.Window;
import io.compresso.kernel.nhwc.WinogradBackend.OutputShape;
import io.compresso.kernel.nhwc.WinogradTransform;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Generates {@code void f(sums, doubts, result, constants, tiles, rows, residual, table)}, which
 * transforms sums to tiles of results, first their columns, then their rows; what lies between is
 * on the stack.
 */
record WinogradOutputCode(VectorSet set, Arithmetic arithmetic, OutputShape shape) {
  /** The inverse of {@link WinogradTransform#EXACT_ODD_FACTOR} modulo 2^32. */
  private static final int INVERSE =
      BigInteger.valueOf(WinogradTransform.EXACT_ODD_FACTOR)
          .modInverse(BigInteger.TWO.pow(Integer.SIZE))
          .intValue();

  private static final Gpr SUMS = Gpr.RDI;
  private static final Gpr DOUBTS = Gpr.RSI;
  private static final Gpr OUTPUT = Gpr.RDX;
  private static final Gpr CONSTANTS = TileCode.CONSTANTS;
  private static final Gpr TILES = Gpr.R8;
  private static final Gpr ROWS = Gpr.R9;
  private static final Gpr FACTORS = Gpr.RBX;
  private static final Gpr FRAME = Gpr.RBP;
  private static final Gpr VECTOR = Gpr.R12;
  private static final Gpr ROWS_LEFT = Gpr.R14;
  private static final Gpr CHANNELS = Gpr.R15;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
  private static final int RESIDUAL_ARGUMENT = 8 * SAVED.length + 8;
  private static final int TABLE_ARGUMENT = RESIDUAL_ARGUMENT + 8;

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    WinogradTransform transform = WinogradTransform.of(arithmetic, shape.outputs());
    int size = transform.size();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.mov(TileCode.RESIDUAL, Mem.at(Gpr.RSP, RESIDUAL_ARGUMENT));
    a.sub(TileCode.RESIDUAL, OUTPUT);
    a.mov(TileCode.TABLE, Mem.at(Gpr.RSP, TABLE_ARGUMENT));
    a.mov(FRAME, Gpr.RSP);
    a.and(Gpr.RSP, -64);
    a.add(Gpr.RSP, -(long) shape.outputs() * size * vectorBytes());
    LinearProgram columns = transform.outputProgram();
    LinearProgram rows = columns.first(shape.columns());
    LinearCode code =
        arithmetic.isInteger()
            ? LinearCode.ofIntegers(a, set, Elements.INTS)
            : new LinearCode(a, set, FACTORS, List.of(columns, rows), lastRegister() - 1);
    code.loadFactors();
    stores(shape.tail()).prepare(a);
    if (arithmetic.isInteger()) {
      a.mov(Gpr.RAX, INVERSE);
      a.vmovd(inverse().as(Vec.Length.XMM), Gpr.RAX);
      a.vbroadcastss(inverse(), inverse().as(Vec.Length.XMM));
    } else {
      a.vmovups(doubts(), Mem.at(DOUBTS));
      a.vpxor(zero(), zero(), zero());
    }
    Emission emission = new Emission(a, code, columns, rows);
    int whole = shape.vectors() - (shape.tail() > 0 ? 1 : 0);
    Label tile = a.here();
    a.mov(CHANNELS, OUTPUT);
    if (whole > 0) {
      a.mov(VECTOR, whole);
      Label vector = a.here();
      emission.vector(stores(0));
      a.add(CHANNELS, (long) set.lanes() * shape.output().elementBytes());
      a.add(SUMS, vectorBytes());
      a.add(CONSTANTS, constantBytes());
      a.dec(VECTOR);
      a.jump(Condition.NOT_EQUAL, vector);
    }
    if (shape.tail() > 0) {
      emission.vector(stores(shape.tail()));
    }
    a.add(CONSTANTS, -whole * constantBytes());
    a.add(SUMS, shape.sums().tile() - (long) whole * vectorBytes());
    a.add(OUTPUT, shape.outputs() * shape.output().pixelBytes());
    a.dec(TILES);
    a.jump(Condition.NOT_EQUAL, tile);
    if (!arithmetic.isInteger()) {
      a.vmovups(Mem.at(DOUBTS), doubts());
    }
    a.vzeroupper();
    a.mov(Gpr.RSP, FRAME);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  /** The stores of a row of a tile. */
  TileStores stores(int tail) {
    return new TileStores(
        set,
        new TileShape(
            arithmetic,
            new Window(0, 0, List.of(), 0, 0),
            1,
            1,
            new Split(shape.columns(), 1),
            1,
            tail,
            false,
            shape.output(),
            shape.epilogue(),
            shape.zeroPoint(),
            shape.residual()));
  }

  private int vectorBytes() {
    return set.length().bytes();
  }

  private int lastRegister() {
    return set == VectorSet.AVX512 ? 31 : 15;
  }

  private Vec doubts() {
    return set.register(lastRegister());
  }

  private Vec inverse() {
    return set.register(lastRegister());
  }

  private long constantBytes() {
    return (long) TileShape.CONSTANT_VECTORS * vectorBytes();
  }

  private Vec zero() {
    return set.register(lastRegister() - 1);
  }

  private List<Vec> free(int from) {
    List<Vec> free = new ArrayList<>();
    for (int i = from; i < 14; i++) {
      free.add(set.register(i));
    }
    return free;
  }

  private Mem between(int row, int column) {
    int size = shape.outputs() + WinogradTransform.TAPS - 1;
    return Mem.at(Gpr.RSP, (long) (row * size + column) * vectorBytes());
  }

  /** The code of a vector of channels. */
  private final class Emission {
    private final ElementAssembler a;
    private final LinearCode code;
    private final LinearProgram columns;
    private final LinearProgram rows;

    Emission(ElementAssembler a, LinearCode code, LinearProgram columns, LinearProgram rows) {
      this.a = a;
      this.code = code;
      this.columns = columns;
      this.rows = rows;
    }

    void vector(TileStores stores) {
      int size = columns.inputs();
      for (int column = 0; column < size; column++) {
        column(column);
      }
      a.mov(TileCode.RESULT, CHANNELS);
      a.mov(ROWS_LEFT, ROWS);
      Label done = new Label();
      for (int row = 0; row < shape.outputs(); row++) {
        row(row);
        stores.store(a, shape.columns());
        if (row < shape.outputs() - 1) {
          a.add(TileCode.RESULT, shape.output().rowBytes());
          a.dec(ROWS_LEFT);
          a.jump(Condition.EQUAL, done);
        }
      }
      a.bind(done);
    }

    private void column(int column) {
      int size = columns.inputs();
      code.emit(
          columns,
          free(0),
          new LinearCode.Values() {
            @Override
            public void load(Vec target, int input) {
              long position = (long) input * size + column;
              a.vmovups(target, Mem.at(SUMS, position * shape.sums().position()));
            }

            @Override
            public void result(int output, Vec value) {
              a.vmovups(between(output, column), value);
            }
          });
    }

    private void row(int row) {
      code.emit(
          rows,
          free(shape.columns()),
          new LinearCode.Values() {
            @Override
            public void load(Vec target, int input) {
              a.vmovups(target, between(row, input));
            }

            @Override
            public @Nullable Vec register(int output) {
              return set.register(output);
            }

            @Override
            public void result(int output, Vec value) {
              if (arithmetic.isInteger()) {
                a.vpmulld(value, value, inverse());
                a.vpsrad(value, value, WinogradTransform.EXACT_SHIFT);
                a.vpaddd(value, value, Mem.at(CONSTANTS), Modifiers.NONE);
                return;
              }
              a.vfmadd231ps(doubts(), value, zero());
              if (shape.epilogue().bias()) {
                a.vaddps(value, value, Mem.at(CONSTANTS));
              }
            }
          });
    }
  }
}
