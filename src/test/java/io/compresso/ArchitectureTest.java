package io.compresso;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelCatalog;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import java.lang.foreign.Linker;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Holds the layers of the design. Change {@link #LAYERS} in the commit that says why (an ADR). */
class ArchitectureTest {
  private static final String BASE = "io.compresso.";

  /** Layer -> the layers whose classes it may use besides its own. */
  private static final Map<String, Set<String>> LAYERS = new LinkedHashMap<>();

  static {
    LAYERS.put("tensor", Set.of());
    LAYERS.put("kernel", Set.of("tensor"));
    LAYERS.put("graph", Set.of("tensor"));
    LAYERS.put("op", Set.of("tensor", "graph", "kernel"));
    LAYERS.put("onnx", Set.of("tensor", "graph", "op"));
    LAYERS.put("engine", Set.of("tensor", "kernel", "graph", "op"));
    LAYERS.put("train", Set.of("tensor", "graph", "op", "engine"));
    LAYERS.put("data", Set.of("tensor"));
    LAYERS.put("evaluate", pure("technique"));
    LAYERS.put("technique", pure());
    LAYERS.put("store", Set.of());
    LAYERS.put("job", Set.of("store"));
    LAYERS.put("compress", with(pure(), "store", "job", "technique"));
    LAYERS.put("web", Set.of("compress", "job", "store"));
    LAYERS.put("cli", with(pure(), "compress", "technique"));
  }

  private static final Set<String> PURE =
      Set.of(
          "tensor",
          "kernel",
          "graph",
          "op",
          "onnx",
          "engine",
          "train",
          "data",
          "evaluate",
          "technique");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.compresso");

  private static Set<String> pure(String... without) {
    Set<String> layers =
        new TreeSet<>(
            Set.of(
                "tensor", "kernel", "graph", "op", "onnx", "engine", "train", "data", "evaluate"));
    Set.of(without).forEach(layers::remove);
    return layers;
  }

  private static Set<String> with(Set<String> layers, String... more) {
    Set<String> all = new TreeSet<>(layers);
    all.addAll(Set.of(more));
    return all;
  }

  private static String layerOf(JavaClass type) {
    String name = type.getPackageName();
    if (!name.startsWith(BASE)) {
      return "";
    }
    String rest = name.substring(BASE.length());
    int dot = rest.indexOf('.');
    return dot < 0 ? rest : rest.substring(0, dot);
  }

  @TestFactory
  Stream<DynamicTest> layer_usesOnlyTheLayersBelow() {
    return LAYERS.entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () ->
                    noClasses()
                        .that(in(Set.of(entry.getKey())))
                        .should()
                        .dependOnClassesThat(
                            in(
                                LAYERS.keySet().stream()
                                    .filter(layer -> !layer.equals(entry.getKey()))
                                    .filter(layer -> !entry.getValue().contains(layer))
                                    .collect(Collectors.toSet())))
                        .allowEmptyShould(true)
                        .check(CLASSES)));
  }

  @Test
  void package_isALayerOfTheTable() {
    Set<String> unknown =
        CLASSES.stream()
            .map(ArchitectureTest::layerOf)
            .filter(layer -> !layer.isEmpty() && !LAYERS.containsKey(layer))
            .collect(Collectors.toSet());
    assertThat(unknown).isEmpty();
  }

  @Test
  void pureLayer_isFreeOfFrameworks() {
    noClasses()
        .that(in(PURE))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.springframework..", "jakarta..", "java.sql..", "javax.sql..", "org.slf4j..")
        .check(CLASSES);
  }

  @Test
  void incubatorVector_isImportedOnlyByKernelVector() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.compresso.kernel.vector..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator..")
        .check(CLASSES);
  }

  @Test
  void linker_isUsedOnlyByKernelJit() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.compresso.kernel.jit..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .check(CLASSES);
  }

  /** A critical call would hold up the garbage collector until it returns. */
  @Test
  void calls_areNeverCritical() {
    noClasses().should().callMethod(Linker.Option.class, "critical", boolean.class).check(CLASSES);
  }

  @Test
  void protobuf_isUsedOnlyByOnnx() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.compresso.onnx..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("com.google.protobuf..")
        .check(CLASSES);
  }

  @Test
  void subPackage_isPrivateToItsLayer() {
    for (JavaClass type : CLASSES) {
      type.getDirectDependenciesFromSelf().stream()
          .filter(dependency -> !layerOf(dependency.getTargetClass()).isEmpty())
          .filter(dependency -> !layerOf(dependency.getTargetClass()).equals(layerOf(type)))
          .forEach(dependency ->
              assertThat(dependency.getTargetClass().getPackageName())
                  .as(dependency.getDescription())
                  .isEqualTo(BASE + layerOf(dependency.getTargetClass())));
    }
  }

  @Test
  void operatorCatalog_listsEveryOperator() {
    assertThat(OperatorCatalog.all().stream().map(op -> op.getClass().getName()))
        .as("operators listed twice")
        .doesNotHaveDuplicates();
    Set<String> listed =
        OperatorCatalog.all().stream()
            .map(op -> op.getClass().getName())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> declared =
        CLASSES.stream()
            .filter(type -> type.isAssignableTo(Operator.class))
            .filter(type ->
                !type.isInterface()
                    && !type.getModifiers()
                        .contains(com.tngtech.archunit.core.domain.JavaModifier.ABSTRACT))
            .map(JavaClass::getName)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(listed).containsAll(declared);
  }

  @Test
  void kernelCatalog_listsEveryKernel() {
    Set<String> listed =
        KernelCatalog.all().stream()
            .map(kernel -> kernel.getClass().getName())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> declared =
        CLASSES.stream()
            .filter(type -> type.isAssignableTo(Kernel.class) && !type.isInterface())
            .filter(type ->
                !type.getModifiers()
                    .contains(com.tngtech.archunit.core.domain.JavaModifier.ABSTRACT))
            .map(JavaClass::getName)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(listed).containsAll(declared);
  }

  @Test
  void package_isNullMarked() {
    for (var javaPackage : CLASSES.getPackage("io.compresso").getSubpackagesInTree()) {
      if (!javaPackage.getClasses().isEmpty()) {
        assertThat(javaPackage.isAnnotatedWith(NullMarked.class))
            .as(javaPackage.getName())
            .isTrue();
      }
    }
  }

  private static DescribedPredicate<JavaClass> in(Set<String> layers) {
    return DescribedPredicate.describe("in " + layers, type -> layers.contains(layerOf(type)));
  }
}
