package io.compresso.technique;

import static java.util.Map.entry;

import io.compresso.data.Binding;
import io.compresso.data.DataException;
import io.compresso.data.DatasetSchema;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.Target;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.technique.Advice.Expectation;
import io.compresso.technique.Advice.Profile;
import io.compresso.technique.Advice.Recommendation;
import io.compresso.technique.Roofline.Precision;
import io.compresso.technique.Workload.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says which technique to try first, from the graph, the data that is there and the target: static
 * quantization where convolutions dominate and there is data, dynamic quantization for recurrent
 * layers and transformers, weights alone where reading them is what takes the time.
 */
public final class Advisor {
  private static final long LARGE_WEIGHTS = 8 << 20;
  private static final long SMALL_MACS = 200_000;

  private final Workload workload;
  private final Facts facts;
  private final String target;

  /**
   * What is there beside the model.
   *
   * @param calibration whether there is data that fits the model's inputs
   * @param labels whether it has labels that fit its outputs
   */
  public record Facts(boolean calibration, boolean labels) {
    /** Nothing but the model. */
    public static final Facts NONE = new Facts(false, false);

    /** What one of the data sets gives. */
    public static Facts of(Model model, List<DatasetSchema> schemas) {
      Facts best = NONE;
      for (DatasetSchema schema : schemas) {
        if (binds(model, schema)) {
          boolean labels = schema.label() != null && LabelCheck.fits(model, schema.label());
          best = new Facts(true, best.labels() || labels);
        }
      }
      return best;
    }

    private static boolean binds(Model model, DatasetSchema schema) {
      try {
        Binding _ = Binding.of(schema, EngineRunner.inputsOf(model.graph()), Map.of());
        return true;
      } catch (DataException | GraphException _) {
        return false;
      }
    }
  }

  private Advisor(Model model, Facts facts, String target) {
    this.workload = Workload.of(model);
    this.facts = facts;
    this.target = target;
  }

  /**
   * The advice for a sound model.
   *
   * @param target a level of {@link Target#known()}, or {@code auto} for this host
   * @throws IllegalArgumentException if there is no such target
   */
  public static Advice advise(Model model, Facts facts, String target) {
    if (!target.equals(Target.AUTO) && !Target.known().contains(target)) {
      throw new IllegalArgumentException(
          "unknown target '%s'; known are %s and %s"
              .formatted(target, Target.AUTO, String.join(", ", Target.known())));
    }
    String level = target.equals(Target.AUTO) ? Target.host().id() : target;
    return new Advisor(model, facts, level).advise();
  }

  private Advice advise() {
    Profile profile = workload.profile();
    List<String> notes = new ArrayList<>(workload.assumptions());
    List<Recommendation> recommendations = profile.quantized() ? List.of() : recommend(profile);
    if (profile.quantized()) {
      notes.add("the model is quantized already: start from the one that it was made from");
    } else if (profile.macs() < SMALL_MACS) {
      notes.add(
          "one inference is only %,d multiply-accumulates: overhead outweighs what int8 saves, so"
                  .formatted(profile.macs())
              + " expect a smaller file rather than more speed");
    }
    notes.add("sizes and speeds are estimates for %s; a job measures them".formatted(target));
    return new Advice(target, profile, recommendations, List.copyOf(notes));
  }

  private List<Recommendation> recommend(Profile profile) {
    List<Recommendation> first =
        switch (profile.kind()) {
          case CONVOLUTIONAL ->
              List.of(
                  staticInt8(
                      Map.of(),
                      "convolutions are %s of the arithmetic, and only static quantization keeps"
                          + " int8 between them",
                      profile,
                      "conv"));
          case DEPTHWISE ->
              List.of(
                  staticInt8(
                      Map.of("weights", Map.of("perChannel", true, "equalize", true)),
                      "depthwise filters differ widely from channel to channel: scales per channel"
                          + " and equalized ranges keep them apart (convolutions: %s)",
                      profile,
                      "conv"));
          case TRANSFORMER ->
              List.of(
                  dynamicInt8(
                      "products with constant weights are %s of the arithmetic; activations of"
                          + " transformers have outliers, which ranges found for each inference"
                          + " survive best",
                      profile, "matmul"),
                  staticInt8(
                      Map.of("exclude", List.of("auto")),
                      "faster than dynamic where its accuracy holds (products: %s): no range is"
                          + " looked for at run time, and SmoothQuant moves outliers into the"
                          + " weights",
                      profile,
                      "matmul"));
          case RECURRENT ->
              List.of(
                  dynamicInt8(
                      "recurrent layers are %s of the arithmetic and read all their weights in"
                          + " every step",
                      profile, "recurrent"));
          case DENSE ->
              List.of(
                  dynamicInt8(
                      "products with constant weights are %s of the arithmetic, and no data is"
                          + " needed",
                      profile, "matmul"),
                  staticInt8(
                      Map.of(),
                      "int8 from the first layer to the last (products: %s)",
                      profile,
                      "matmul"));
          case OTHER -> List.of();
        };
    List<Recommendation> all = new ArrayList<>(first);
    if (profile.weightBytes() > LARGE_WEIGHTS && profile.shares().containsKey("matmul")) {
      all.add(weightOnly(profile));
    }
    if (profile.macs() > 0) {
      all.add(half(profile));
    }
    return all.stream()
        .sorted(Comparator.comparing(recommendation -> !recommendation.needs().isEmpty()))
        .toList();
  }

  private Recommendation weightOnly(Profile profile) {
    return new Recommendation(
        "4-bit weights",
        Map.of("quantize", Map.of("mode", "weight-only", "weights", Map.of("bits", 4))),
        List.of(
            "the weights of matrix products take %,d bytes, of which one inference of a small batch"
                    .formatted(profile.weightBytes())
                + " reads every one; activations stay in floats"),
        List.of(),
        expectation(Map.of(Group.MATMUL, Precision.WEIGHTS_INT4), profile));
  }

  private Recommendation half(Profile profile) {
    Map<Group, Precision> halves = new HashMap<>();
    for (Group group : Group.values()) {
      halves.put(group, Precision.FP16);
    }
    return new Recommendation(
        "half precision",
        Map.of("quantize", Map.of("mode", "fp16")),
        List.of("half the size with hardly any loss, where int8 costs too much accuracy"),
        List.of(),
        expectation(halves, profile));
  }

  private Recommendation staticInt8(
      Map<String, Object> more, String reason, Profile profile, String share) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("mode", "static");
    parameters.putAll(more);
    List<String> reasons = new ArrayList<>();
    reasons.add(reason.formatted(percent(profile, share)));
    if (!facts.labels()) {
      reasons.add("without labels only the agreement with the parent is measured, not accuracy");
    }
    return new Recommendation(
        "static int8",
        Map.of("quantize", parameters),
        reasons,
        facts.calibration()
            ? List.of()
            : List.of("100 to 500 examples of the model's inputs as calibration data"),
        expectation(
            Map.ofEntries(
                entry(Group.CONV, Precision.INT8),
                entry(Group.DEPTHWISE, Precision.INT8),
                entry(Group.MATMUL, Precision.INT8),
                entry(Group.ATTENTION, Precision.INT8),
                entry(Group.OTHER, Precision.INT8)),
            profile));
  }

  private Recommendation dynamicInt8(String reason, Profile profile, String share) {
    return new Recommendation(
        "dynamic int8",
        Map.of("quantize", Map.of("mode", "dynamic")),
        List.of(reason.formatted(percent(profile, share)), "needs no data"),
        List.of(),
        expectation(
            Map.of(Group.MATMUL, Precision.DYNAMIC_INT8, Group.RECURRENT, Precision.DYNAMIC_INT8),
            profile));
  }

  private static String percent(Profile profile, String share) {
    double part = profile.shares().getOrDefault(share, 0.0);
    if (share.equals("conv")) {
      part += profile.shares().getOrDefault("depthwise", 0.0);
    }
    return String.format(Locale.ROOT, "%.0f %%", 100 * part);
  }

  private @Nullable Expectation expectation(Map<Group, Precision> precisions, Profile profile) {
    Roofline roofline = new Roofline(target);
    double before = 0;
    double after = 0;
    double bytes = profile.weightBytes();
    for (Workload.Layer layer : workload.layers()) {
      Precision precision = precisions.getOrDefault(layer.group(), Precision.FP32);
      before += roofline.cycles(layer.work(), Precision.FP32);
      after += roofline.cycles(layer.work(), precision);
      bytes -= layer.work().weights() * (4 - precision.weightBytes());
    }
    return after == 0 || profile.weightBytes() == 0
        ? null
        : new Expectation(
            Math.max(0.05, bytes / profile.weightBytes()), Math.max(0.1, before / after));
  }
}
