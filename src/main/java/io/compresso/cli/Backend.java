package io.compresso.cli;

import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerOptions;
import io.compresso.evaluate.Runner;
import java.io.IOException;
import java.nio.file.Path;

/** Who runs a model. */
enum Backend {
  /** Our engine. */
  OURS {
    @Override
    Runner open(Path model, int threads) throws IOException {
      return EngineRunner.open(
          ModelFile.read(model), new SessionOptions(threads, SessionOptions.DEFAULT.memoryLimit()));
    }
  },
  /** ONNX Runtime. */
  ORT {
    @Override
    Runner open(Path model, int threads) {
      return OnnxRuntimePeer.open(model, PeerOptions.threads(threads));
    }
  };

  abstract Runner open(Path model, int threads) throws IOException;
}
