package io.compresso.op;

import static io.compresso.op.OpHarness.longs;
import static io.compresso.op.OpHarness.tensor;
import static io.compresso.op.OpHarness.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MovementTest {
  private static Tensor counted(long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, i);
    }
    return tensor;
  }

  @Test
  void reshape_keepsZeros_andInfersOne() {
    assertThat(tensor("Reshape", counted(2, 3, 4), longs(0, -1)).shape())
        .isEqualTo(Shape.of(2, 12));
    assertThat(
            tensor(
                    "Reshape",
                    14,
                    Map.of("allowzero", Attribute.of(1)),
                    Tensor.allocate(DType.FLOAT, Shape.of(0, 3)),
                    longs(3, 0))
                .shape())
        .isEqualTo(Shape.of(3, 0));
  }

  @Test
  void reshape_blamesTheNode_whenElementsDoNotFit() {
    assertThatThrownBy(() -> tensor("Reshape", counted(2, 3), longs(4, -1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("[4, -1]");
    assertThatThrownBy(() -> tensor("Reshape", counted(2, 3), longs(-1, -1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("more than one -1");
    assertThatThrownBy(() -> tensor("Reshape", counted(2, 3), longs(7)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("[7]");
  }

  @Test
  void transpose_reversesAxes_byDefault() {
    Tensor y = tensor("Transpose", counted(2, 3));
    assertThat(y.shape()).isEqualTo(Shape.of(3, 2));
    assertThat(y.toFloats()).containsExactly(0, 3, 1, 4, 2, 5);
    assertThatThrownBy(
            () -> tensor("Transpose", 13, Map.of("perm", Attribute.ints(0, 0)), counted(2, 3)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("perm");
  }

  @Test
  void slice_clampsBounds_andWalksBackwards() {
    Tensor x = counted(5);
    assertThat(tensor("Slice", x, longs(1), longs(100)).toFloats()).containsExactly(1, 2, 3, 4);
    assertThat(tensor("Slice", x, longs(-1), longs(Long.MIN_VALUE), longs(0), longs(-2)).toFloats())
        .containsExactly(4, 2, 0);
    assertThat(tensor("Slice", x, longs(3), longs(1)).size()).isZero();
    assertThatThrownBy(() -> tensor("Slice", x, longs(0), longs(1), longs(0), longs(0)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("step is 0");
  }

  @Test
  void gather_countsNegativeIndices_fromTheEnd() {
    assertThat(tensor("Gather", counted(3, 2), longs(-1, 0)).toFloats())
        .containsExactly(4, 5, 0, 1);
    assertThat(tensor("Gather", counted(3, 2), Tensor.scalar(1L)).shape()).isEqualTo(Shape.of(2));
    assertThatThrownBy(() -> tensor("Gather", counted(3, 2), longs(3)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("index 3");
  }

  @Test
  void gather_leavesItsIndices_unchanged() {
    Tensor indices = longs(-1);
    tensor("Gather", counted(3), indices);
    assertThat(indices.toLongs()).containsExactly(-1);
  }

  @Test
  void concat_joins_alongAnyAxis() {
    Tensor y = tensor("Concat", 13, Map.of("axis", Attribute.of(-1)), counted(2, 1), counted(2, 2));
    assertThat(y.toFloats()).containsExactly(0, 0, 1, 1, 2, 3);
    assertThatThrownBy(
            () -> tensor("Concat", 13, Map.of("axis", Attribute.of(0)), counted(1), counted(1, 1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("do not join");
  }

  @Test
  void split_givesTheLastPart_whatIsLeft() {
    List<? extends @Nullable Value> parts =
        OpHarness.run("Split", 18, Map.of("num_outputs", Attribute.of(3)), counted(7));
    assertThat(parts).extracting(part -> ((Tensor) part).size()).containsExactly(3L, 3L, 1L);
    assertThatThrownBy(() -> OpHarness.run("Split", counted(4), longs(1, 2)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("3 in all");
  }

  @Test
  void pad_fillsByEachMode() {
    Tensor x = counted(3);
    assertThat(tensor("Pad", x, longs(2, 1), Tensor.scalar(9f)).toFloats())
        .containsExactly(9, 9, 0, 1, 2, 9);
    assertThat(pad("edge", x, 2, 1)).containsExactly(0, 0, 0, 1, 2, 2);
    assertThat(pad("reflect", x, 2, 1)).containsExactly(2, 1, 0, 1, 2, 1);
    assertThat(pad("wrap", x, 2, 1)).containsExactly(1, 2, 0, 1, 2, 0);
    assertThat(tensor("Pad", x, longs(-1, 1)).toFloats()).containsExactly(1, 2, 0);
  }

  private static float[] pad(String mode, Tensor x, long before, long after) {
    return tensor("Pad", 19, Map.of("mode", Attribute.of(mode)), x, longs(before, after))
        .toFloats();
  }

  @Test
  void pad_takesOnlyTheGivenAxes() {
    Tensor y = tensor("Pad", counted(1, 2), longs(1, 0), null, longs(1));
    assertThat(y.toFloats()).containsExactly(0, 0, 1);
  }

  @Test
  void tile_repeatsEachAxis() {
    assertThat(tensor("Tile", counted(1, 2), longs(2, 2)).toFloats())
        .containsExactly(0, 1, 0, 1, 0, 1, 0, 1);
  }

  @Test
  void expand_repeatsStringsToo() {
    Tensor x = Tensor.ofStrings(Shape.of(1, 1), List.of(new byte[] {'a'}));
    Tensor y = tensor("Expand", x, longs(2, 3));
    assertThat(y.shape()).isEqualTo(Shape.of(2, 3));
    assertThat(y.getString(5)).containsExactly('a');
  }

  @Test
  void squeeze_refuses_anAxisThatIsNot1() {
    assertThat(tensor("Squeeze", counted(1, 2, 1)).shape()).isEqualTo(Shape.of(2));
    assertThatThrownBy(() -> tensor("Squeeze", counted(1, 2), longs(1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("axis 1");
  }

  @Test
  void depthToSpace_isUndone_bySpaceToDepth() {
    Tensor x = counted(1, 8, 2, 3);
    Map<String, Attribute> block = Map.of("blocksize", Attribute.of(2));
    Tensor y = tensor("DepthToSpace", 13, block, x);
    assertThat(y.shape()).isEqualTo(Shape.of(1, 2, 4, 6));
    assertThat(tensor("SpaceToDepth", 13, block, y).toFloats()).containsExactly(x.toFloats());
  }

  @Test
  void scatterElements_addsRepeatedIndices() {
    assertThat(
            tensor(
                    "ScatterElements",
                    18,
                    Map.of("reduction", Attribute.of("add")),
                    vector(1, 1, 1),
                    longs(1, 1, -1),
                    vector(2, 3, 4))
                .toFloats())
        .containsExactly(1, 6, 5);
  }

  @Test
  void scatterND_leavesItsData_unchanged() {
    Tensor data = vector(1, 2, 3);
    Tensor indices = Tensor.ofLongs(Shape.of(2, 1), 2, 0);
    assertThat(tensor("ScatterND", data, indices, vector(9, 8)).toFloats())
        .containsExactly(8, 2, 9);
    assertThat(data.toFloats()).containsExactly(1, 2, 3);
  }

  @Test
  void gatherND_indexesWithinEachBatch() {
    Tensor indices = Tensor.ofLongs(Shape.of(2, 1), 1, 0);
    Tensor y =
        tensor("GatherND", 13, Map.of("batch_dims", Attribute.of(1)), counted(2, 2, 2), indices);
    assertThat(y.toFloats()).containsExactly(2, 3, 4, 5);
  }

  @Test
  void unique_countsInOrderOfAppearance_whenNotSorted() {
    List<? extends @Nullable Value> outputs =
        OpHarness.run("Unique", 11, Map.of("sorted", Attribute.of(0)), vector(2, 1, 2, 3));
    assertThat(((Tensor) outputs.get(0)).toFloats()).containsExactly(2, 1, 3);
    assertThat(((Tensor) outputs.get(1)).toLongs()).containsExactly(0, 1, 3);
    assertThat(((Tensor) outputs.get(2)).toLongs()).containsExactly(0, 1, 0, 2);
    assertThat(((Tensor) outputs.get(3)).toLongs()).containsExactly(2, 1, 1);
  }

  @Test
  void einsum_contracts_transposes_andTakesDiagonals() {
    Tensor a = counted(2, 3);
    Tensor b = counted(3, 2);
    assertThat(einsum("ij,jk->ik", a, b)).containsExactly(10, 13, 28, 40);
    assertThat(einsum("ij->ji", a)).containsExactly(0, 3, 1, 4, 2, 5);
    assertThat(einsum("ii->i", counted(2, 2))).containsExactly(0, 3);
    assertThat(einsum("ij", a)).containsExactly(a.toFloats());
    assertThat(einsum("...ij,...jk->...ik", counted(2, 1, 2), counted(2, 2, 1)))
        .containsExactly(1, 12 + 1);
    assertThat(einsum("i,i,i->", vector(1, 2), vector(3, 4), vector(5, 6))).containsExactly(63);
    assertThatThrownBy(() -> einsum("ij,jk", a))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("2 terms");
  }

  @Test
  void einsum_ofMatrices_equalsItsDefinition_inAnyOrder() {
    Tensor a = counted(2, 3, 4);
    Tensor b = counted(4, 5, 2);
    float[] y = einsum("bij,jkb->kbi", a, b);
    for (int k = 0; k < 5; k++) {
      for (int batch = 0; batch < 2; batch++) {
        for (int i = 0; i < 3; i++) {
          float sum = 0;
          for (int j = 0; j < 4; j++) {
            sum += a.getFloat((batch * 3 + i) * 4 + j) * b.getFloat((j * 5 + k) * 2 + batch);
          }
          assertThat(y[(k * 2 + batch) * 3 + i]).isEqualTo(sum);
        }
      }
    }
  }

  private static float[] einsum(String equation, Tensor... inputs) {
    return tensor("Einsum", 12, Map.of("equation", Attribute.of(equation)), inputs).toFloats();
  }

  @Test
  void range_endsBeforeItsLimit() {
    assertThat(tensor("Range", Tensor.scalar(1L), Tensor.scalar(8L), Tensor.scalar(3L)).toLongs())
        .containsExactly(1, 4, 7);
    assertThat(
            tensor("Range", Tensor.scalar(1f), Tensor.scalar(0f), Tensor.scalar(-0.5f)).toFloats())
        .containsExactly(1, 0.5f);
    assertThat(tensor("Range", Tensor.scalar(1L), Tensor.scalar(1L), Tensor.scalar(1L)).size())
        .isZero();
  }

  @Test
  void oneHot_ignoresIndices_outsideTheDepth() {
    Tensor y = tensor("OneHot", longs(-1, 5), Tensor.scalar(3L), vector(0, 1));
    assertThat(y.toFloats()).containsExactly(0, 0, 1, 0, 0, 0);
  }
}
