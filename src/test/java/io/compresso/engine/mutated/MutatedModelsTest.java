package io.compresso.engine.mutated;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.evaluate.models.Networks;
import io.compresso.onnx.OnnxCodec;
import io.compresso.testing.SharedData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged models give a clear error or run, in bounded time and memory. */
class MutatedModelsTest {
  @TempDir Path folder;

  @Test
  void damagedNetworks_runOrGiveAClearError() throws Exception {
    List<Path> files = new ArrayList<>();
    for (Networks network : List.of(Networks.SHUFFLENET_V2, Networks.BERT_BASE, Networks.LSTM)) {
      files.add(folder.resolve(network + ".onnx"));
      OnnxCodec.write(network.small(), files.getLast());
    }
    assertThat(MutatedRuns.run(files, 0, 40)).isEmpty();
  }

  /** Property {@code mutations}: how many, over all models. */
  @Tag("shared-data")
  @Test
  void damagedRealModels_runOrGiveAClearError() throws Exception {
    List<Path> files = SharedData.models();
    int count = Integer.getInteger("mutations", 1000) / files.size();
    assertThat(MutatedRuns.run(files, 0, count)).isEmpty();
  }
}
