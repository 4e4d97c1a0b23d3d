package io.compresso.cli;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.graph.Model;
import io.compresso.technique.Advice;
import io.compresso.technique.Advisor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Says which technique to try first on a model. */
@Command(
    name = "advise",
    mixinStandardHelpOptions = true,
    description = {
      "Says which technique to try first on a model, and why.",
      "Sizes and speeds are estimates; quantize and the server's jobs measure them."
    })
final class AdviseCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "The ONNX file.")
  private @SuppressWarnings("NullAway.Init") Path file;

  @Option(
      names = "--target",
      defaultValue = "auto",
      paramLabel = "TARGET",
      description = "The CPU that the model is for, such as arm64-dotprod (default: this one).")
  private @SuppressWarnings("NullAway.Init") String target;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description = "Data that is there for calibration and evaluation.")
  private @Nullable Path data;

  @Option(
      names = {"--data-spec", "--spec"},
      defaultValue = "",
      paramLabel = "YAML",
      description = "How the data is read, for example '{image: {scale: 1}}'; @FILE reads a file.")
  private @SuppressWarnings("NullAway.Init") String dataSpec;

  @Option(names = "--json", description = "Writes the advice to this file; - is standard output.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Model model = ModelFile.read(file);
    Advice advice = Advisor.advise(model, Advisor.Facts.of(model, schemas()), target);
    Output.json(json, advice, out);
    if (json == null) {
      print(advice, out);
    }
    out.flush();
    return 0;
  }

  private List<DatasetSchema> schemas() throws IOException {
    if (data == null) {
      return List.of();
    }
    try (Dataset dataset = DataOptions.open(data, dataSpec, "")) {
      return List.of(dataset.schema());
    }
  }

  private static void print(Advice advice, PrintWriter out) {
    Advice.Profile profile = advice.profile();
    out.println(
        Output.format(
            "%s model, %,d parameters, %,d multiply-accumulates an inference, for %s",
            profile.kind().name().toLowerCase(Locale.ROOT),
            profile.parameters(),
            profile.macs(),
            advice.target()));
    out.println();
    List<List<String>> rows = new ArrayList<>();
    int rank = 1;
    for (Advice.Recommendation one : advice.recommendations()) {
      Advice.Expectation expected = one.expected();
      rows.add(
          List.of(
              Integer.toString(rank++),
              one.title(),
              expected == null ? "-" : Output.format("%.0f %%", 100 * expected.sizeRatio()),
              expected == null ? "-" : Output.format("%.1f x", expected.speedup()),
              one.needs().isEmpty() ? "ready" : String.join("; ", one.needs())));
    }
    out.print(Output.table(List.of("try", "technique", "size", "speed", "needs"), rows));
    rank = 1;
    for (Advice.Recommendation one : advice.recommendations()) {
      out.println();
      out.println(rank++ + ". " + new JsonMapper().writeValueAsString(one.step()));
      one.reasons().forEach(reason -> out.println("   " + reason));
    }
    out.println();
    advice.notes().forEach(note -> out.println("note: " + note));
  }
}
