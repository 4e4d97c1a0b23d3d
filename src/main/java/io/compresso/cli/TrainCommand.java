package io.compresso.cli;

import io.compresso.evaluate.BenchNetworks;
import io.compresso.evaluate.ModelBench;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.Runner;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * Does what a process that runs models does, for a JVM that records it: the classes of an archive
 * with which later processes make models ready sooner.
 */
@Command(
    name = "train",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Runs small networks, so that the JVM can record how.")
final class TrainCommand implements Callable<Integer> {
  private static final List<String> NETWORKS =
      List.of(
          "mobilenet-v2",
          "shufflenet-v2",
          "googlenet",
          "resnet-18",
          "bert-base",
          "unet",
          "lstm",
          "gru");

  @Override
  public Integer call() throws IOException {
    try (TemporaryFolder work = TemporaryFolder.create("compresso-train")) {
      for (String network : NETWORKS) {
        Model model = BenchNetworks.small(network);
        Path file = work.path().resolve(network + ".onnx");
        OnnxCodec.write(model, file);
        train(file, model);
        Model bytes = new BenchVariants(work.path()).quantized(model);
        OnnxCodec.write(bytes, file);
        train(file, bytes);
      }
    }
    return 0;
  }

  private void train(Path file, Model model) {
    Map<String, Tensor> inputs = ModelInputs.random(model.graph(), 1, 1);
    try (Runner runner = ModelBench.openOurs(file, 1)) {
      runner.run(inputs);
    }
  }
}
