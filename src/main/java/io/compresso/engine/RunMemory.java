package io.compresso.engine;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one run: blocks that are counted by the values that lie in them and used again when
 * no value does. Blocks that nobody holds any more are freed by the garbage collector.
 */
final class RunMemory {
  private static final long SMALLEST = 256;

  /** A piece of memory; {@code references} counts the places that hold values in it. */
  static final class Block {
    private final MemorySegment segment;
    private int references;
    private boolean cleared = true;

    private Block(MemorySegment segment) {
      this.segment = segment;
    }
  }

  /** What tells that two tensors are the same memory. */
  record Part(long address, TensorSpec spec) {
    static Part of(Tensor tensor) {
      return new Part(tensor.segment().address(), TensorSpec.of(tensor));
    }
  }

  private final long limit;
  private final TreeMap<Long, Block> live = new TreeMap<>();
  private final TreeMap<Long, ArrayDeque<Block>> free = new TreeMap<>();
  private long used;
  private long cached;
  private long peak;

  /** Memory of which at most {@code limit} bytes may be in use at a time. */
  RunMemory(long limit) {
    this.limit = limit;
  }

  /** The most bytes that may be in use at a time. */
  long limit() {
    return limit;
  }

  /** The most bytes in use at a time since the last call. */
  synchronized long takePeak() {
    long result = peak;
    peak = used;
    return result;
  }

  /**
   * A block of at least {@code bytes} bytes, in which no value lies yet.
   *
   * @throws GraphException if the limit does not allow it
   */
  synchronized Block take(Node node, long bytes, boolean clear) {
    long size = sizeClass(bytes);
    Map.Entry<Long, ArrayDeque<Block>> fitting = free.ceilingEntry(size);
    Block block = null;
    if (fitting != null && fitting.getKey() <= 2 * size) {
      block = fitting.getValue().pop();
      if (fitting.getValue().isEmpty()) {
        free.remove(fitting.getKey());
      }
      cached -= block.segment.byteSize();
      size = block.segment.byteSize();
    }
    if (size > limit - used) {
      throw new GraphException(
          node,
          "needs %d bytes; %d of the memory limit of %d are in use".formatted(bytes, used, limit));
    }
    if (block == null) {
      if (cached > 0 && size > limit - used - cached) {
        free.clear();
        cached = 0;
      }
      block = new Block(newSegment(node, size));
    } else if (clear && !block.cleared) {
      block.segment.asSlice(0, bytes).fill((byte) 0);
    }
    block.cleared = false;
    used += size;
    peak = Math.max(peak, used);
    live.put(block.segment.address(), block);
    return block;
  }

  private static MemorySegment newSegment(Node node, long size) {
    try {
      return Arena.ofAuto().allocate(size, Tensor.ALIGNMENT);
    } catch (OutOfMemoryError e) {
      throw new GraphException(node, "no memory for " + size + " bytes", e);
    }
  }

  /**
   * Counts memory that is in use elsewhere.
   *
   * @throws GraphException if the limit does not allow it
   */
  synchronized void reserve(Node node, long bytes) {
    if (bytes > limit - used) {
      throw new GraphException(
          node,
          "needs %d bytes; %d of the memory limit of %d are in use".formatted(bytes, used, limit));
    }
    used += bytes;
    peak = Math.max(peak, used);
  }

  /** Counts memory no longer that was reserved. */
  synchronized void unreserve(long bytes) {
    used -= bytes;
  }

  static MemorySegment segment(Block block, long bytes) {
    return block.segment.asSlice(0, bytes);
  }

  /** Sizes step by a quarter of a power of two. */
  private static long sizeClass(long bytes) {
    if (bytes <= SMALLEST) {
      return SMALLEST;
    }
    long step = Math.max(64, Long.highestOneBit(bytes - 1) / 4);
    return Math.addExact(bytes, step - 1) / step * step;
  }

  /** Counts one more place that holds the value. */
  synchronized void retain(Value value) {
    forEachBlock(value, block -> block.references++);
  }

  /** Counts one place less that holds the value; blocks that no place holds are free. */
  synchronized void release(Value value) {
    forEachBlock(
        value,
        block -> {
          block.references--;
          freeUnreferenced(block);
        });
  }

  /** Frees the block if no place holds a value in it. */
  synchronized void sweep(Block block) {
    if (live.get(block.segment.address()) == block) {
      freeUnreferenced(block);
    }
  }

  private void freeUnreferenced(Block block) {
    if (block.references <= 0) {
      block.references = 0;
      live.remove(block.segment.address());
      long size = block.segment.byteSize();
      used -= size;
      cached += size;
      free.computeIfAbsent(size, _ -> new ArrayDeque<>()).push(block);
    }
  }

  /**
   * The value in memory that the run will not touch again; the value itself where that is so. What
   * the elements of a sequence share, they share afterwards.
   */
  synchronized Value detach(Value value) {
    return value instanceof Tensor tensor ? detach(tensor) : detach(value, new HashMap<>());
  }

  private Value detach(Value value, Map<Part, Tensor> detached) {
    return switch (value) {
      case Tensor tensor ->
          tensor.dtype() == DType.STRING
              ? detach(tensor)
              : detached.computeIfAbsent(Part.of(tensor), _ -> detach(tensor));
      case TensorSequence(var type, var elements) ->
          new TensorSequence(
              type, elements.stream().map(element -> detach(element, detached)).toList());
      case TensorMap(Tensor keys, Tensor values) ->
          new TensorMap((Tensor) detach(keys, detached), (Tensor) detach(values, detached));
      case OptionalValue(Value inner) ->
          new OptionalValue(inner == null ? null : detach(inner, detached));
    };
  }

  private Tensor detach(Tensor tensor) {
    Block block = blockOf(tensor);
    if (block == null || block.references > 1 || block.segment.byteSize() > 2 * tensor.byteSize()) {
      return tensor.copy();
    }
    live.remove(block.segment.address());
    used -= block.segment.byteSize();
    return tensor;
  }

  private void forEachBlock(Value value, Consumer<Block> action) {
    if (value instanceof Tensor tensor) {
      Block block = blockOf(tensor);
      if (block != null) {
        action.accept(block);
      }
    } else if (value instanceof TensorSequence sequence) {
      sequence.elements().forEach(element -> forEachBlock(element, action));
    } else if (value instanceof TensorMap(Tensor keys, Tensor values)) {
      forEachBlock(keys, action);
      forEachBlock(values, action);
    } else if (value instanceof OptionalValue(Value inner) && inner != null) {
      forEachBlock(inner, action);
    }
  }

  private @Nullable Block blockOf(Tensor tensor) {
    long address = tensor.segment().address();
    Map.Entry<Long, Block> below = live.floorEntry(address);
    if (below == null) {
      return null;
    }
    Block block = below.getValue();
    return address - below.getKey() < block.segment.byteSize() ? block : null;
  }
}
