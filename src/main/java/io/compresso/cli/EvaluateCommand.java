package io.compresso.cli;

import io.compresso.data.Dataset;
import io.compresso.evaluate.Accuracy;
import io.compresso.evaluate.EvaluationOptions;
import io.compresso.evaluate.Evaluator;
import io.compresso.evaluate.Runner;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures a model's accuracy. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description =
        "Measures a model's accuracy on labelled data, in our engine and in ONNX Runtime.")
final class EvaluateCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "The ONNX file.")
  private @SuppressWarnings("NullAway.Init") Path model;

  @Option(names = "--data", required = true, description = "The data set.")
  private @SuppressWarnings("NullAway.Init") Path data;

  @Option(
      names = "--select",
      paramLabel = "YAML",
      description = "Which samples, for example '{perClass: true, to: 200}'.")
  private String select = "";

  @Option(
      names = "--data-spec",
      paramLabel = "YAML",
      description = "How the data is read, for example '{image: {scale: 1}}'; @FILE reads a file.")
  private String dataSpec = "";

  @Option(
      names = "--backend",
      split = ",",
      description = "Who runs it: ${COMPLETION-CANDIDATES} (default both).")
  private List<Backend> backends = List.of(Backend.OURS, Backend.ORT);

  @Option(names = "--json", description = "Writes the figures to this file; - is standard output.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    List<Accuracy> results = new ArrayList<>();
    try (Dataset dataset = DataOptions.open(data, dataSpec, select)) {
      for (Backend backend : backends) {
        try (Runner runner = backend.open(model, Runtime.getRuntime().availableProcessors())) {
          results.add(Evaluator.accuracy(runner, dataset, EvaluationOptions.DEFAULT));
        }
      }
    }
    Output.json(json, results, out);
    List<List<String>> rows = new ArrayList<>();
    for (Accuracy result : results) {
      result
          .metrics()
          .forEach((metric, value) ->
              rows.add(
                  List.of(
                      result.runtime(),
                      metric,
                      Output.format("%.4f", value),
                      Long.toString(result.samples()))));
    }
    out.print(Output.table(List.of("runtime", "metric", "value", "samples"), rows));
    out.flush();
    return 0;
  }
}
