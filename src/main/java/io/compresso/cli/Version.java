package io.compresso.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest names. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = Version.class.getPackage().getImplementationVersion();
    return new String[] {
      "compresso " + (version == null ? "(from classes)" : version),
      "Java " + Runtime.version() + ", " + System.getProperty("os.arch")
    };
  }
}
