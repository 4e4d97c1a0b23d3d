package io.compresso.op;

import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** The 32-bit MurmurHash3 (A. Appleby, 2011) of the bytes of each element. */
final class MurmurHash3 extends MicrosoftOperator {
  @Override
  public String opType() {
    return "MurmurHash3";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = result(context.node().intAttribute("positive", 1));
      return List.of(
          context.input(0).type() instanceof ValueType.TensorType type
              ? Inferred.tensor(dtype, type.dims())
              : Inferred.tensor(dtype, null));
    };
  }

  private static DType result(long positive) {
    return positive == 0 ? DType.INT32 : DType.UINT32;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int seed = (int) context.node().intAttribute("seed", 0);
      DType dtype = result(context.node().intAttribute("positive", 1));
      Tensor y = context.allocateUncleared(dtype, x.shape());
      int bytes = x.dtype() == DType.STRING ? 0 : (int) x.dtype().bytes(1);
      for (long i = 0; i < x.size(); i++) {
        byte[] key =
            bytes == 0
                ? x.getString(i)
                : x.segment().asSlice(i * bytes, bytes).toArray(ValueLayout.JAVA_BYTE);
        int hash = hash(key, seed);
        y.setLong(i, dtype == DType.INT32 ? hash : Integer.toUnsignedLong(hash));
      }
      return List.of(y);
    });
  }

  private static int hash(byte[] key, int seed) {
    ByteBuffer words = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
    int h = seed;
    while (words.remaining() >= 4) {
      h = Integer.rotateLeft(h ^ mixed(words.getInt()), 13) * 5 + 0xe6546b64;
    }
    int tail = 0;
    for (int shift = 0; words.hasRemaining(); shift += 8) {
      tail |= (words.get() & 0xff) << shift;
    }
    h ^= mixed(tail) ^ key.length;
    h = (h ^ h >>> 16) * 0x85ebca6b;
    h = (h ^ h >>> 13) * 0xc2b2ae35;
    return h ^ h >>> 16;
  }

  private static int mixed(int word) {
    return Integer.rotateLeft(word * 0xcc9e2d51, 15) * 0x1b873593;
  }
}
