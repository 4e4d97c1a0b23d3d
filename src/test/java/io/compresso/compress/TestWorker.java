package io.compresso.compress;

import io.compresso.job.JobProcess;
import io.compresso.store.Problem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Stands for the pipeline in the process of a job: does what the job's name says. */
public final class TestWorker {
  private static final int BLOCK = 1 << 20;

  private TestWorker() {}

  public static void main(String[] args) {
    JobProcess.run(TestWorker::work, e -> Problem.of("test-problem", e.getMessage()).atNode("n1"));
  }

  private static JsonNode work(JobProcess process) throws Exception {
    CompressionOrder order = Json.MAPPER.treeToValue(process.work(), CompressionOrder.class);
    String[] words = order.spec().path("name").asString().split(" ");
    switch (words[0]) {
      case "steps" -> steps(process, Integer.parseInt(words[1]), Long.parseLong(words[2]));
      case "die" -> Runtime.getRuntime().halt(Integer.parseInt(words[1]));
      case "heap" -> {
        List<byte[]> kept = new ArrayList<>();
        while (true) {
          kept.add(new byte[BLOCK]);
        }
      }
      case "memory" -> {
        process.progress("allocate", 0);
        while (true) {
          MemorySegment block = Arena.global().allocate(BLOCK);
          block.fill((byte) 1);
        }
      }
      case "refuse" -> throw new IllegalStateException("cannot do that");
      case "garbage" -> Files.writeString(process.folder().resolve("result.onnx"), "no model");
      default -> {}
    }
    System.out.println("noise of a library");
    process.log("hello from the job");
    Path result = process.folder().resolve("result.onnx");
    if (!Files.exists(result)) {
      Files.write(result, TestModels.linear(process.folder().toString().hashCode()));
    }
    return Json.MAPPER.valueToTree(
        new CompressionResult(
            "result.onnx",
            Json.MAPPER.valueToTree(
                Map.of(
                    "verdict",
                    Map.of("result", "better"),
                    "latency",
                    List.of(
                        Map.of(
                            "runtime",
                            "onnxruntime",
                            "parent",
                            Map.of("p50", 2.0),
                            "child",
                            Map.of("p50", 1.0))))),
            "passed",
            "better"));
  }

  private static void steps(JobProcess process, int steps, long millis) throws Exception {
    for (int i = 0; i < steps; i++) {
      process.progress("step", (double) i / steps);
      process.checkpoint();
      Thread.sleep(millis);
    }
  }
}
