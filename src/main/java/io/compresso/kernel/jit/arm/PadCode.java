package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.arm.GeneralAssembler.Condition;
import io.compresso.kernel.jit.arm.Vec.Shape;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.tensor.DType;

/**
 * Generates {@code void f(source, target, -, -, rows, padding, -)}, which copies rows as {@link
 * RowPadder} says. The target is written by whole vectors beyond what belongs to a row, before what
 * follows is written.
 *
 * @param shape what is copied
 */
record PadCode(RowPadder.Shape shape) {
  private static final Reg SOURCE = Reg.X0;
  private static final Reg TARGET = Reg.X1;
  private static final Reg ROWS = Reg.X4;
  private static final Reg PADDING = Reg.X5;
  private static final Reg FROM = Reg.X8;
  private static final Reg TO = Reg.X9;
  private static final Reg COUNT = Reg.X10;
  private static final Reg RUNS = Reg.X11;
  private static final Reg SCRATCH = Reg.X16;

  private static final Vec VALUE = Vec.s4(0);
  private static final Vec FILL = Vec.s4(1);
  private static final Vec FLIP = Vec.s4(2);

  private static final int BYTES = 16;
  private static final int SIGN = 0x80;

  byte[] generate() {
    Assembler a = new Assembler();
    a.dup(FILL, PADDING);
    if (flips()) {
      a.mov(COUNT, SIGN);
      a.dup(FLIP.as(Shape.B16), COUNT);
    }
    Label row = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    fill(a, shape.before() * elementBytes());
    runs(a);
    fill(a, shape.after() * elementBytes());
    a.add(SOURCE, SOURCE, shape.sourceRow() * sourceBytes(), SCRATCH);
    a.add(TARGET, TARGET, shape.targetRowBytes(), SCRATCH);
    a.subs(ROWS, ROWS, 1);
    a.b(Condition.NE, row);
    a.ret();
    return a.toBytes();
  }

  private int elementBytes() {
    return shape.arithmetic().elementBytes();
  }

  private int sourceBytes() {
    return shape.type().bits() / 8;
  }

  private boolean flips() {
    return shape.arithmetic().move(shape.type()) != 0;
  }

  private void fill(Assembler a, long bytes) {
    long vectors = Math.ceilDiv(bytes, BYTES);
    if (vectors == 0) {
      return;
    }
    a.mov(COUNT, vectors);
    Label next = a.here();
    a.strPost(FILL.as(Shape.Q), TO, BYTES);
    a.subs(COUNT, COUNT, 1);
    a.b(Condition.NE, next);
    a.add(TO, TO, bytes - vectors * BYTES, SCRATCH);
  }

  private void runs(Assembler a) {
    RowPadder.Runs runs = shape.runs();
    if (runs.count() <= 1) {
      if (runs.count() == 1) {
        copy(a);
      }
      return;
    }
    a.mov(RUNS, runs.count());
    Label next = a.here();
    long passed = copy(a);
    a.add(FROM, FROM, (runs.distance() - passed) * sourceBytes(), SCRATCH);
    a.subs(RUNS, RUNS, 1);
    a.b(Condition.NE, next);
  }

  /** Copies a run; returns how many of its elements the source's register has passed. */
  private long copy(Assembler a) {
    long length = shape.runs().length();
    int lanes = BYTES / elementBytes();
    long vectors = length / lanes;
    if (vectors > 0) {
      a.mov(COUNT, vectors);
      Label next = a.here();
      a.ldrPost(VALUE.as(sourceBytes() < elementBytes() ? Shape.D : Shape.Q), FROM, step());
      convert(a);
      a.strPost(VALUE.as(Shape.Q), TO, BYTES);
      a.subs(COUNT, COUNT, 1);
      a.b(Condition.NE, next);
    }
    int tail = (int) (length % lanes);
    if (tail > 0) {
      Tails.load(a, VALUE, FROM, 0, tail * sourceBytes(), SCRATCH);
      convert(a);
      a.str(VALUE.as(Shape.Q), Mem.at(TO));
      a.add(TO, TO, (long) tail * elementBytes(), SCRATCH);
    }
    return vectors * lanes;
  }

  /** Bytes of the source that become a vector. */
  private int step() {
    return BYTES / elementBytes() * sourceBytes();
  }

  private void convert(Assembler a) {
    if (shape.type() == DType.FLOAT16) {
      a.fcvtl(VALUE, VALUE.as(Shape.H4));
    } else if (shape.type() == DType.BFLOAT16 && shape.arithmetic() == Arithmetic.FLOATS) {
      a.shll(VALUE, VALUE.as(Shape.H4));
    } else if (flips()) {
      a.eor(VALUE.as(Shape.B16), VALUE.as(Shape.B16), FLIP.as(Shape.B16));
    }
  }
}
