package io.compresso;

/** The program's entry point. */
public final class Compresso {
  private Compresso() {}

  public static void main(String[] args) {
    System.out.println("compresso");
  }
}
