package io.compresso.technique.quantize;

import io.compresso.graph.Model;
import io.compresso.technique.Problem;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import java.util.ArrayList;
import java.util.List;

/** Quantization of weights and activations to 8-bit integers, without training. */
public final class Quantize implements Technique<QuantizeParams> {
  @Override
  public String id() {
    return "quantize";
  }

  @Override
  public String description() {
    return "Stores weights as 8-bit integers and computes in integers; static (with calibration data)"
        + " or dynamic.";
  }

  @Override
  public Class<QuantizeParams> parameters() {
    return QuantizeParams.class;
  }

  @Override
  public List<Problem> check(Model model, QuantizeParams parameters, StepContext context) {
    List<Problem> problems = new ArrayList<>();
    if (parameters.mode() == QuantizeParams.Mode.STATIC && context.calibration() == null) {
      problems.add(
          Problem.at(
              "mode", "static needs calibration data: set data.calibration, or use dynamic"));
    }
    return problems;
  }

  @Override
  public Estimate estimate(Model model, QuantizeParams parameters, StepContext context) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Outcome apply(Model model, QuantizeParams parameters, StepContext context) {
    throw new UnsupportedOperationException();
  }
}
