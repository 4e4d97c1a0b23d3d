package io.compresso.cli;

import io.compresso.technique.ParamDoc;
import io.compresso.technique.Preset;
import io.compresso.technique.Technique;
import io.compresso.technique.TechniqueCatalog;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the catalogue of techniques. */
@Command(
    name = "techniques",
    mixinStandardHelpOptions = true,
    description = "Lists the techniques with every parameter, its range and its default.")
final class TechniquesCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Option(
      names = "--json",
      description = "Writes the catalogue to this file; - is standard output.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    if (json != null) {
      Output.json(json, catalogue(), out);
      return 0;
    }
    for (Technique<?> technique : TechniqueCatalog.all()) {
      out.println(technique.id() + ": " + technique.description());
      out.println();
      out.println(
          Output.table(
              List.of("parameter", "type", "allowed", "default", "what it does"),
              TechniqueCatalog.docs(technique).stream().map(TechniquesCommand::row).toList()));
    }
    out.println("Presets:");
    out.println();
    out.print(
        Output.table(
            List.of("name", "what it does"),
            TechniqueCatalog.presets().stream()
                .map(preset -> List.of(preset.name(), preset.description()))
                .toList()));
    out.flush();
    return 0;
  }

  private static List<String> row(ParamDoc doc) {
    return List.of(doc.path(), doc.type(), doc.allowed(), doc.byDefault(), doc.description());
  }

  private static Map<String, Object> catalogue() {
    return Map.of(
        "techniques",
        TechniqueCatalog.all().stream()
            .map(technique ->
                Map.of(
                    "id", technique.id(),
                    "description", technique.description(),
                    "parameters", TechniqueCatalog.docs(technique),
                    "schema", TechniqueCatalog.schema(technique)))
            .toList(),
        "presets",
        TechniqueCatalog.presets().stream().map(TechniquesCommand::preset).toList());
  }

  private static Map<String, Object> preset(Preset preset) {
    return Map.of("name", preset.name(), "description", preset.description());
  }
}
