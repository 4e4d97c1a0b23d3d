package io.compresso.cli;

import io.compresso.evaluate.Conformance;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs ONNX's backend cases in our engine. */
@Command(
    name = "conformance",
    mixinStandardHelpOptions = true,
    description = "Runs ONNX backend cases (*/model.onnx with test_data_set_*) in our engine.")
final class ConformanceCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The folder of the cases, or a tar.gz of it.")
  private @SuppressWarnings("NullAway.Init") Path suite;

  @Option(names = "--cases", description = "Only cases whose name this regular expression matches.")
  private String cases = ".*";

  @Option(names = "--json", description = "Writes the result to this file; - is standard output.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Pattern pattern = Pattern.compile(cases);
    Conformance.Result result =
        Conformance.ofEngine().run(suite, name -> pattern.matcher(name).matches());
    Output.json(json, result, out);
    if (!result.failed().isEmpty()) {
      out.println(
          Output.table(
              List.of("failed", "reason"),
              result.failed().stream()
                  .map(failure -> List.of(failure.name(), failure.reason()))
                  .toList()));
    }
    out.println(
        Output.format("%d passed, %d failed", result.passed().size(), result.failed().size()));
    out.flush();
    return result.failed().isEmpty() ? 0 : 1;
  }
}
