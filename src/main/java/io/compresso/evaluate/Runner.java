package io.compresso.evaluate;

import io.compresso.data.Binding.ModelInput;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Map;

/** A model made ready in one runtime. Safe for one thread at a time. */
public interface Runner extends AutoCloseable {
  /** The runtime, with its version: {@code compresso}, {@code onnxruntime 1.29.0}. */
  String runtime();

  /** The inputs that a run must supply. */
  List<ModelInput> inputs();

  /** The outputs' names, in the model's order. */
  List<String> outputs();

  /**
   * One run.
   *
   * @return the outputs by name, which stay valid after the next run
   */
  Map<String, Value> run(Map<String, ? extends Value> inputs);

  /**
   * Inputs made ready once, for timing.
   *
   * @return must be closed before this runner is
   */
  default PreparedRun prepare(Map<String, ? extends Value> inputs) {
    return new PreparedRun() {
      @Override
      public void run() {
        Runner.this.run(inputs);
      }

      @Override
      public void close() {}
    };
  }

  /**
   * As {@link #prepare}, but the runs write into memory that is made once, where the outputs are
   * tensors whose shapes the inputs settle.
   */
  default PreparedRun prepareInPlace(Map<String, ? extends Value> inputs) {
    return prepare(inputs);
  }

  @Override
  void close();
}
