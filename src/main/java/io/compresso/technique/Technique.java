package io.compresso.technique;

import io.compresso.graph.Model;
import java.util.List;

/**
 * One way to compress a model. Its parameters are a record whose components carry {@link Param};
 * listed in {@link TechniqueCatalog}.
 */
public interface Technique<P extends Record> {
  /** The name in a job's pipeline. */
  String id();

  /** What it does, in one or two sentences. */
  String description();

  Class<P> parameters();

  /**
   * Everything that is wrong with applying it, found without running; paths are relative to the
   * parameters.
   */
  List<Problem> check(Model model, P parameters, StepContext context);

  /**
   * Whether a step finds nothing left to do after another step of this technique.
   *
   * @param earlier the parameters of the step before
   * @param later those of the step in question, of the same type
   */
  default boolean repeats(Record earlier, Record later) {
    return false;
  }

  /** What applying it would cost and give, found without running. */
  Estimate estimate(Model model, P parameters, StepContext context);

  /**
   * The compressed model.
   *
   * @throws io.compresso.graph.GraphException if the model cannot be compressed so
   * @throws JobStoppedException if the host stopped the job
   */
  Outcome apply(Model model, P parameters, StepContext context);

  /**
   * What a step costs and gives.
   *
   * @param byteChange by how much the file grows; negative when it shrinks
   * @param sampleRuns how many inferences of one sample it takes
   */
  record Estimate(long byteChange, long sampleRuns) {}

  /**
   * What a step made.
   *
   * @param layers one for each layer that the technique could compress, in the graph's order
   * @param notes what the reader of the report should know
   * @param floatBytes what the weights that it compressed took before
   * @param compressedBytes what they take now
   */
  record Outcome(
      Model model,
      List<Report.Layer> layers,
      List<String> notes,
      long floatBytes,
      long compressedBytes) {}
}
