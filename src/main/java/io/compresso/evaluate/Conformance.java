package io.compresso.evaluate;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs ONNX backend test cases: folders with a {@code model.onnx} and {@code test_data_set_N}
 * folders, which hold {@code input_N.pb} and {@code output_N.pb}.
 */
public final class Conformance {
  private final Backend backend;
  private final Tolerance tolerance;
  private final Duration limit;

  /**
   * @param limit what one case may take; a case that takes longer has failed
   */
  public Conformance(Backend backend, Tolerance tolerance, Duration limit) {
    this.backend = backend;
    this.tolerance = tolerance;
    this.limit = limit;
  }

  /** Our engine, with ONNX's tolerances and half a minute for a case. */
  public static Conformance ofEngine() {
    return new Conformance(Conformance::runInEngine, Tolerance.ONNX, Duration.ofSeconds(30));
  }

  /** What runs a model. */
  @FunctionalInterface
  public interface Backend {
    /**
     * Runs a model once.
     *
     * @param inputs by name
     * @return the outputs by name
     * @throws Exception if the model can't be run
     */
    Map<String, Value> run(Path model, Map<String, Value> inputs) throws Exception;
  }

  /** A case that did not pass, and why. */
  public record Failure(String name, String reason) {}

  /** The names of the cases that passed, and the others; in alphabetical order. */
  public record Result(List<String> passed, List<Failure> failed) {}

  /**
   * Runs every case below a folder, or in a {@code .tar.gz} of one.
   *
   * @throws IOException if the cases can't be read
   */
  public Result run(Path suite) throws IOException {
    return run(suite, _ -> true);
  }

  /** Runs the cases below a folder, or in a {@code .tar.gz} of one, whose name is accepted. */
  public Result run(Path suite, Predicate<String> accepted) throws IOException {
    if (Files.isDirectory(suite)) {
      return runFolder(suite, accepted);
    }
    try (TestArchive archive = TestArchive.extract(suite)) {
      return runFolder(archive.folder(), accepted);
    }
  }

  private Result runFolder(Path folder, Predicate<String> accepted) throws IOException {
    List<Path> cases;
    try (Stream<Path> files = Files.walk(folder)) {
      cases =
          files
              .filter(file -> file.endsWith("model.onnx"))
              .map(Path::toAbsolutePath)
              .map(Path::getParent)
              .filter(found -> accepted.test(found.getFileName().toString()))
              .sorted((a, b) -> a.getFileName().compareTo(b.getFileName()))
              .toList();
    }
    if (cases.isEmpty()) {
      throw new IOException("no case (a folder with model.onnx) under " + folder);
    }
    List<String> passed = new ArrayList<>();
    List<Failure> failed = new ArrayList<>();
    for (Path test : cases) {
      String name = test.getFileName().toString();
      String reason = runLimited(test);
      if (reason == null) {
        passed.add(name);
      } else {
        failed.add(new Failure(name, reason));
      }
    }
    return new Result(List.copyOf(passed), List.copyOf(failed));
  }

  /** Why the case fails, null when it passes. */
  private @Nullable String runLimited(Path test) {
    CompletableFuture<@Nullable String> result = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("conformance-" + test.getFileName())
            .start(() -> {
              try {
                result.complete(runCase(test));
              } catch (Throwable thrown) {
                result.completeExceptionally(thrown);
              }
            });
    try {
      return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException _) {
      thread.interrupt();
      return "took more than " + limit.toSeconds() + " s";
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      return cause == null ? "failed" : describe(cause);
    } catch (InterruptedException _) {
      thread.interrupt();
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  private static String describe(Throwable thrown) {
    String message = thrown.getMessage();
    String type = thrown.getClass().getSimpleName();
    StackTraceElement[] trace = thrown.getStackTrace();
    boolean ours = thrown instanceof io.compresso.graph.GraphException;
    String where = ours || trace.length == 0 ? "" : " at " + trace[0];
    return (ours ? "" : type + ": ") + message + where;
  }

  private @Nullable String runCase(Path test) throws Exception {
    Model model = OnnxCodec.read(test.resolve("model.onnx"));
    List<Path> sets;
    try (Stream<Path> files = Files.list(test)) {
      sets =
          files
              .filter(file -> file.getFileName().toString().startsWith("test_data_set_"))
              .sorted()
              .toList();
    }
    if (sets.isEmpty()) {
      return "has no test_data_set";
    }
    for (Path set : sets) {
      Map<String, Value> inputs = read(set, "input_", model.graph().inputs());
      Map<String, Value> expected = read(set, "output_", model.graph().outputs());
      Map<String, Value> actual = backend.run(test.resolve("model.onnx"), inputs);
      for (Map.Entry<String, Value> output : expected.entrySet()) {
        String difference = tolerance.difference(output.getValue(), actual.get(output.getKey()));
        if (difference != null) {
          return "output '" + output.getKey() + "': " + difference;
        }
      }
    }
    return null;
  }

  private static Map<String, Value> read(Path set, String prefix, List<ValueInfo> infos)
      throws IOException {
    Map<String, Value> values = new LinkedHashMap<>();
    for (int i = 0; i < infos.size(); i++) {
      Path file = set.resolve(prefix + i + ".pb");
      if (Files.exists(file)) {
        byte[] bytes = Files.readAllBytes(file);
        values.put(
            infos.get(i).name(),
            switch (infos.get(i).type()) {
              case ValueType.SequenceType _ -> OnnxCodec.readSequence(bytes);
              case ValueType.OptionalType _ -> OnnxCodec.readOptional(bytes);
              default -> OnnxCodec.readTensor(bytes);
            });
      }
    }
    return values;
  }

  private static Map<String, Value> runInEngine(Path model, Map<String, Value> inputs)
      throws IOException {
    try (Session session = Session.create(OnnxCodec.read(model), SessionOptions.DEFAULT)) {
      return session.run(inputs);
    }
  }
}
