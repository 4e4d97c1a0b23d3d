package io.compresso.cli;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.onnx.OnnxFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads the model that a command line names. */
final class ModelFile {
  private ModelFile() {}

  /**
   * The model.
   *
   * @throws IllegalArgumentException if it is none; the message begins with the file's name
   */
  static Model read(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    try {
      return OnnxCodec.read(file);
    } catch (OnnxFormatException | GraphException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }
}
