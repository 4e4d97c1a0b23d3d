package io.compresso.op;

import io.compresso.kernel.LookupProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A function of 8-bit integers by its table: {@code y = table[x]}, the table 256 elements of an
 * 8-bit type in the order of the bytes of {@code x} read as unsigned.
 */
final class LookUp extends InternalOperator {
  private static final int ENTRIES = 256;
  private static final int CHUNK = 1 << 16;

  @Override
  public String opType() {
    return "LookUp";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Dims.tensor(context.dtype(1), context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor table = context.tensor(1);
    if (x.dtype().bits() != 8 || table.dtype().bits() != 8 || table.size() != ENTRIES) {
      throw context.error("table " + table + " for " + x);
    }
    Tensor y = context.allocateUncleared(table.dtype(), x.shape());
    byte[] entries = table.segment().toArray(ValueLayout.JAVA_BYTE);
    MemorySegment from = x.segment();
    MemorySegment to = y.segment();
    long size = x.size();
    Workers.shared()
        .run(
            Math.toIntExact(Math.ceilDiv(size, CHUNK)),
            context.threads(),
            chunk -> {
              long end = Math.min(size, (chunk + 1L) * CHUNK);
              for (long i = (long) chunk * CHUNK; i < end; i++) {
                to.set(
                    ValueLayout.JAVA_BYTE, i, entries[from.get(ValueLayout.JAVA_BYTE, i) & 0xFF]);
              }
            });
    return y;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Tensor table = context.constant(1);
    if (table == null || table.size() != ENTRIES) {
      return null;
    }
    PreparedKernel kernel =
        context.prepare(
            0,
            new LookupProblem(context.input(0).shape().size()),
            () -> Weights.of(Products.memory(table)));
    int threads = context.threads();
    return Lowered.of(
            buffers -> {
              Operands operands = Operands.of(buffers.input(0), buffers.output(0));
              return kernel.bind(operands, threads)::run;
            })
        .withInPlace(0);
  }
}
