package io.compresso.cli;

import io.compresso.engine.ShapeInference;
import io.compresso.evaluate.ModelSize;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.op.Inferred;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what is in a model. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description = "Says what is in a model: inputs, outputs, operators, sizes.")
final class InspectCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "The ONNX file.")
  private @SuppressWarnings("NullAway.Init") Path file;

  @Option(names = "--json", description = "Writes the answer to this file; - is standard output.")
  private @Nullable Path json;

  /** What is said of a model. */
  private record Answer(
      long irVersion,
      Map<String, Integer> opsets,
      String producer,
      List<String> inputs,
      List<String> outputs,
      Map<String, Integer> operators,
      List<String> notRunnable,
      ModelSize size) {}

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Model model = ModelFile.read(file);
    Answer answer = answer(model, Files.size(file));
    Output.json(json, answer, out);
    if (json != null) {
      return 0;
    }
    out.println("IR version " + answer.irVersion() + ", operator sets " + answer.opsets());
    out.println("made by    " + answer.producer());
    answer.inputs().forEach(input -> out.println("input      " + input));
    answer.outputs().forEach(output -> out.println("output     " + output));
    out.println(
        Output.format(
            "size       %s, constants %s %s, %,d parameters",
            Output.bytes(answer.size().fileBytes()),
            Output.bytes(answer.size().constantBytes()),
            answer.size().bytesByType(),
            answer.size().parameters()));
    out.println();
    out.print(
        Output.table(
            List.of("operator", "nodes"),
            answer.operators().entrySet().stream()
                .map(entry -> List.of(entry.getKey(), entry.getValue().toString()))
                .toList()));
    if (!answer.notRunnable().isEmpty()) {
      out.println();
      out.println("not run by our engine: " + String.join(", ", answer.notRunnable()));
    }
    out.flush();
    return 0;
  }

  private static Answer answer(Model model, long fileBytes) {
    Map<String, Integer> operators = new TreeMap<>();
    List<String> unknown = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      String name = (node.domain().isEmpty() ? "" : node.domain() + ".") + node.opType();
      boolean known =
          OperatorCatalog.find(node.domain(), node.opType())
              .flatMap(Operator::reference)
              .isPresent();
      boolean local =
          model.functions().stream()
              .anyMatch(function ->
                  function.domain().equals(node.domain()) && function.name().equals(node.opType()));
      if (operators.merge(name, 1, Integer::sum) == 1 && !known && !local) {
        unknown.add(name);
      }
    }
    Map<String, Inferred> inferred = ShapeInference.infer(model);
    Map<String, Integer> opsets = new LinkedHashMap<>();
    model
        .opsetImports()
        .forEach((domain, version) -> opsets.put(domain.isEmpty() ? "ai.onnx" : domain, version));
    return new Answer(
        model.irVersion(),
        opsets,
        (model.producer().name() + " " + model.producer().version()).strip(),
        model.graph().requiredInputs().stream().map(InspectCommand::describe).toList(),
        model.graph().outputs().stream().map(output -> describe(output, inferred)).toList(),
        operators,
        unknown,
        ModelSize.of(model, fileBytes));
  }

  private static String describe(ValueInfo value) {
    return value.name() + " " + value.type();
  }

  private static String describe(ValueInfo value, Map<String, Inferred> inferred) {
    Inferred known = inferred.get(value.name());
    return known == null ? describe(value) : value.name() + " " + known.type();
  }
}
