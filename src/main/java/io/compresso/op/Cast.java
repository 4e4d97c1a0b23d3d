package io.compresso.op;

import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Converts elements to the type that attribute {@code to} names. */
final class Cast extends StandardOperator {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  Cast() {
    super("Cast", 1, 6, 9, 13, 19, 21, 23, 24, 25, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType to = ElementTypes.required(context.node(), "to");
      return List.of(
          new Inferred(
              Inferred.tensor(to, context.dims(0)).type(),
              to.isInteger() && to.bits() >= 32 ? context.input(0).elements() : null));
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    DType to = context.output(0).dtype();
    if (x.dtype() == to) {
      return Lowered.view();
    }
    boolean exact = x.dtype().isFloat() || x.dtype().isInteger() && x.dtype().bits() <= 32;
    boolean floats = to == DType.FLOAT || to == DType.FLOAT16 || to == DType.BFLOAT16;
    return exact && floats
        ? Lowerings.single(
            context, ConvertProblem.of(x.dtype(), to, x.shape().size()), Weights.NONE)
        : ofIntegers(x.dtype(), to, x.shape().size());
  }

  /** Integers of 32 and 64 bits and truth values, as sizes and conditions are; null for others. */
  private static @Nullable Lowered ofIntegers(DType from, DType to, long count) {
    Reader reader =
        switch (from) {
          case BOOL, UINT8 -> (segment, i) -> segment.get(ValueLayout.JAVA_BYTE, i) & 0xff;
          case INT8 -> (segment, i) -> segment.get(ValueLayout.JAVA_BYTE, i);
          case INT32 -> (segment, i) -> segment.getAtIndex(INT, i);
          case INT64 -> (segment, i) -> segment.getAtIndex(LONG, i);
          default -> null;
        };
    Writer writer =
        switch (to) {
          case BOOL ->
              (segment, i, value) ->
                  segment.set(ValueLayout.JAVA_BYTE, i, (byte) (value == 0 ? 0 : 1));
          case INT32 -> (segment, i, value) -> segment.setAtIndex(INT, i, (int) value);
          case INT64 -> (segment, i, value) -> segment.setAtIndex(LONG, i, value);
          case FLOAT -> (segment, i, value) -> segment.setAtIndex(FLOAT, i, (float) value);
          default -> null;
        };
    if (reader == null || writer == null) {
      return null;
    }
    return Lowered.of(buffers -> {
      MemorySegment x = buffers.input(0);
      MemorySegment y = buffers.output(0);
      return () -> {
        for (long i = 0; i < count; i++) {
          writer.write(y, i, reader.read(x, i));
        }
      };
    });
  }

  private interface Reader {
    long read(MemorySegment segment, long index);
  }

  private interface Writer {
    void write(MemorySegment segment, long index, long value);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            Casts.cast(
                context,
                context.tensor(0),
                ElementTypes.required(context.node(), "to"),
                context.node().intAttribute("saturate", 1) != 0,
                context.node().stringAttribute("round_mode", "up"))));
  }
}
