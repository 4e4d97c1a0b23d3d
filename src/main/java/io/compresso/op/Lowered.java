package io.compresso.op;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node made ready for inputs of fixed types and shapes: its kernels are prepared, and it knows
 * what memory it needs. Shared by all runs of these shapes; {@link #bind} gives what one run at a
 * time calls.
 */
public final class Lowered {
  /** One node on fixed memory. Allocates nothing when it runs. */
  @FunctionalInterface
  public interface Call {
    void run();
  }

  /** Makes the call for fixed memory: all that a run needs is made here, once. */
  @FunctionalInterface
  public interface Binding {
    Call bind(Buffers buffers);
  }

  /** The memory of one node. All segments are native and of exactly the tensors' sizes. */
  public interface Buffers {
    /** Input {@code index}, which the call only reads; of size 0 when it is omitted. */
    MemorySegment input(int index);

    /** Output {@code index}; of size 0 when the node does not name it. */
    MemorySegment output(int index);

    /** Memory for the length of a call, of {@link Lowered#workspaceBytes()} bytes. */
    MemorySegment workspace();

    /**
     * The call of a subgraph, which also reads the values around the node where they lie.
     *
     * @param inputs of the subgraph, which the call only reads
     * @param outputs where its outputs go; null for one that nobody reads
     * @param workspace of the body's {@link LoweredBody#workspaceBytes()} bytes
     */
    default Call call(
        LoweredBody body,
        List<MemorySegment> inputs,
        List<@Nullable MemorySegment> outputs,
        MemorySegment workspace) {
      throw new UnsupportedOperationException("no subgraphs here");
    }
  }

  /**
   * An output that is part of an input's memory.
   *
   * @param input which input
   * @param offset where the output begins in it, in bytes
   * @param whole whether it is all of that input: the output must then be as large as the input
   */
  public record View(int input, long offset, boolean whole) {
    /** A part, which may be all. */
    public View(int input, long offset) {
      this(input, offset, false);
    }
  }

  private final List<View> views;
  private final @Nullable Binding binding;
  private final long workspaceBytes;
  private final List<Integer> overwritable;
  private final boolean joins;

  private Lowered(
      List<View> views,
      @Nullable Binding binding,
      long workspaceBytes,
      List<Integer> overwritable,
      boolean joins) {
    this.views = views;
    this.binding = binding;
    this.workspaceBytes = workspaceBytes;
    this.overwritable = overwritable;
    this.joins = joins;
  }

  /** A node that computes. */
  public static Lowered of(Binding binding) {
    return new Lowered(List.of(), binding, 0, List.of(), false);
  }

  /** A node whose only output is its first input under another shape. */
  public static Lowered view() {
    return views(List.of(new View(0, 0, true)));
  }

  /** A node that only names parts of its inputs: one view an output. */
  public static Lowered views(List<View> views) {
    return new Lowered(List.copyOf(views), null, 0, List.of(), false);
  }

  /** The same with memory to work in. */
  public Lowered withWorkspace(long bytes) {
    return new Lowered(views, binding, bytes, overwritable, joins);
  }

  /** The same; output 0 may lie where one of these inputs lies, if they are of the same size. */
  public Lowered withInPlace(int... inputs) {
    return new Lowered(
        views, binding, workspaceBytes, java.util.Arrays.stream(inputs).boxed().toList(), joins);
  }

  /**
   * The same; its inputs lie one after the other in output 0, so that a call whose inputs were
   * written there in the first place has nothing to do.
   */
  public Lowered withJoinedInputs() {
    return new Lowered(views, binding, workspaceBytes, overwritable, true);
  }

  /** For a node that only names parts of its inputs, a view for each output; else empty. */
  public List<View> views() {
    return views;
  }

  /** Bytes of memory to work in. */
  public long workspaceBytes() {
    return workspaceBytes;
  }

  /** The inputs whose memory output 0 may take. */
  public List<Integer> overwritable() {
    return overwritable;
  }

  /** Whether output 0 is its inputs one after the other. */
  public boolean joins() {
    return joins;
  }

  /**
   * The call for one run's memory; it must not run twice at a time.
   *
   * @throws IllegalStateException if the node only names parts of its inputs
   */
  public Call bind(Buffers buffers) {
    if (binding == null) {
      throw new IllegalStateException("a node of views has nothing to call");
    }
    return binding.bind(buffers);
  }
}
