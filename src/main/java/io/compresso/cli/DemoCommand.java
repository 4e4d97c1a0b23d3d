package io.compresso.cli;

import io.compresso.CompressoService;
import io.compresso.data.SampleDigits;
import io.compresso.evaluate.SampleModel;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** The whole story on one machine: a model is made, uploaded, quantized, measured and shown. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Starts the service, compresses a sample model through the public API and prints what came"
          + " out. The dashboard stays up until Ctrl-C."
    })
final class DemoCommand implements Callable<Integer> {
  private static final int TRAINING_IMAGES = 4_000;
  private static final int CALIBRATION_IMAGES = 200;
  private static final int EVALUATION_IMAGES = 2_000;
  private static final long POLL_MILLIS = 250;

  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Mixin private ServerOptions server = new ServerOptions();

  @Option(names = "--exit", description = "Ends when the table is printed.")
  private boolean exit;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    CountDownLatch closed = new CountDownLatch(1);
    try (ConfigurableApplicationContext service =
        CompressoService.start(server.arguments("--logging.level.root=warn"))) {
      service.addApplicationListener(event -> {
        if (event instanceof ContextClosedEvent) {
          closed.countDown();
        }
      });
      int port = service.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
      URI address = URI.create("http://127.0.0.1:" + port);
      say(out, "The service listens on " + address + ", its database is a PostgreSQL of its own.");
      boolean succeeded = run(address, out, exit);
      if (succeeded && !exit) {
        say(out, "The dashboard stays up until Ctrl-C.");
        closed.await();
      }
      return succeeded ? 0 : 1;
    }
  }

  private static boolean run(URI address, PrintWriter out, boolean exit) throws Exception {
    try (TemporaryFolder folder = TemporaryFolder.create("compresso-demo");
        ApiClient api = new ApiClient(address)) {
      Path modelFile = folder.path().resolve("sample-digits.onnx");
      Path dataFile = folder.path().resolve("sample-digits.zip");
      say(
          out,
          "Training a small convolutional network on " + TRAINING_IMAGES + " drawn digits ...");
      Model model = SampleModel.train(new SampleDigits(TRAINING_IMAGES, 1), 1);
      OnnxCodec.write(model, modelFile);
      new SampleDigits(CALIBRATION_IMAGES + EVALUATION_IMAGES, 2).writeArchive(dataFile);

      String modelId = api.upload("models", "sample-digits", modelFile).path("id").asString();
      String dataId = api.upload("datasets", "sample-digits", dataFile).path("id").asString();
      say(
          out,
          "Uploaded the model (%s) and %,d other drawings (%s)."
              .formatted(
                  Output.bytes(Files.size(modelFile)),
                  CALIBRATION_IMAGES + EVALUATION_IMAGES,
                  Output.bytes(Files.size(dataFile))));
      JsonNode job = api.submit(job(modelId, dataId));
      JsonNode ended = watch(api, job.path("id").asString(), out);
      if (!ended.path("state").asString().equals("succeeded")) {
        say(out, "The job " + ended.path("state").asString() + ": " + ended.path("error"));
        return false;
      }
      JsonNode report = api.get("/v1/jobs/" + ended.path("id").asString() + "/report");
      out.println();
      out.print(ReportTable.of(report));
      out.println();
      String jobPage = "/jobs/" + ended.path("id").asString();
      if (exit) {
        say(out, "All of it is kept: ./compresso serve shows it at " + jobPage + ".");
      } else {
        String file = "/v1/models/" + ended.path("result").asString() + "/file";
        say(out, "The job:                      " + address.resolve(jobPage));
        say(out, "The report with its charts:   " + address.resolve("/v1" + jobPage + "/report"));
        say(out, "The int8 model:               " + address.resolve(file));
      }
      return true;
    }
  }

  private static Map<String, Object> job(String modelId, String dataId) {
    return Map.of(
        "name",
        "demo",
        "model",
        modelId,
        "data",
        Map.of(
            "calibration",
            Map.of("dataset", dataId, "select", Map.of("from", 0, "to", CALIBRATION_IMAGES)),
            "eval",
            Map.of(
                "dataset",
                dataId,
                "select",
                Map.of("from", CALIBRATION_IMAGES, "to", CALIBRATION_IMAGES + EVALUATION_IMAGES))),
        "preset",
        "balanced",
        "goals",
        Map.of("accuracy", Map.of("metric", "top1", "maxDrop", 0.01)));
  }

  private static JsonNode watch(ApiClient api, String id, PrintWriter out)
      throws IOException, InterruptedException {
    String stage = "";
    while (true) {
      JsonNode job = api.get("/v1/jobs/" + id);
      String now = job.path("stage").asString("");
      if (!now.isEmpty() && !now.equals(stage)) {
        stage = now;
        say(out, "  %3.0f %%  %s".formatted(100 * job.path("fraction").asDouble(), stage));
      }
      switch (job.path("state").asString()) {
        case "queued", "running" -> Thread.sleep(POLL_MILLIS);
        default -> {
          return job;
        }
      }
    }
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }
}
