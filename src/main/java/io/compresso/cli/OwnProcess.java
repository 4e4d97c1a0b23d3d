package io.compresso.cli;

import io.compresso.evaluate.OnnxRuntimePeer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program again, in a fresh process. */
final class OwnProcess {
  private static final String MAIN_CLASS = "io.compresso.Compresso";

  private OwnProcess() {}

  /** Starts a command; its errors go where this process's go. */
  static Process start(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    // As the launcher starts it.
    command.addAll(List.of("-XX:+UseSerialGC", "-Xms16m"));
    String classPath = System.getProperty("java.class.path");
    ProcessBuilder builder = new ProcessBuilder(command);
    if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
      command.addAll(List.of("-jar", classPath));
    } else {
      // On the command line a long class path makes ONNX Runtime crash.
      builder.environment().put("CLASSPATH", classPath);
      command.add(MAIN_CLASS);
    }
    command.addAll(arguments);
    builder.environment().put(OnnxRuntimePeer.DISABLE_TELEMETRY, "1");
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
