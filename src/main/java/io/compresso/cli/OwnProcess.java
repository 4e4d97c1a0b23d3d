package io.compresso.cli;

import io.compresso.evaluate.OnnxRuntimePeer;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program again, in a fresh process. */
final class OwnProcess {
  private static final String MAIN_CLASS = "io.compresso.Compresso";

  /**
   * Options that a process and its children share: modules, rights, the archive of classes, when
   * methods are compiled.
   */
  private static final List<String> KEPT =
      List.of(
          "--add-modules=",
          "--enable-native-access=",
          "-XX:SharedArchiveFile=",
          "-XX:Tier4",
          "-Xlog:aot=",
          "-Xlog:cds=");

  private OwnProcess() {}

  /** Starts a command; its errors go where this process's go. */
  static Process start(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // As the launcher starts it, and as it has started this process.
    command.addAll(List.of("-XX:+UseSerialGC", "-Xms16m"));
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (KEPT.stream().anyMatch(option::startsWith)) {
        command.add(option);
      }
    }
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
