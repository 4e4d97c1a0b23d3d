package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static io.compresso.tensor.DType.INT32;
import static io.compresso.tensor.DType.INT8;
import static io.compresso.tensor.DType.UINT8;

import io.compresso.graph.Attribute;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operators of {@code com.microsoft} against ONNX Runtime, which defines them. */
class MicrosoftOperatorsTest {
  private static PeerComparison of(String operator) {
    return PeerComparison.ofMicrosoft(operator);
  }

  @Test
  void qLinearAdd_agrees_whenOperandsBroadcast() throws Exception {
    of("QLinearAdd")
        .bytes(UINT8, 2, 3, 4)
        .quantization(0.02f, UINT8, 120)
        .bytes(UINT8, 3, 1)
        .quantization(0.05f, UINT8, 3)
        .quantization(0.06f, UINT8, 100)
        .output(UINT8)
        .agrees(0, 1);
  }

  @Test
  void qLinearMul_agrees() throws Exception {
    of("QLinearMul")
        .bytes(INT8, 2, 9)
        .quantization(0.02f, INT8, -5)
        .bytes(INT8, 2, 9)
        .quantization(0.05f, INT8, 3)
        .quantization(0.04f, INT8, 10)
        .output(INT8)
        .agrees(0, 1);
  }

  @Test
  void qLinearSigmoid_agrees() throws Exception {
    of("QLinearSigmoid")
        .bytes(UINT8, 256)
        .quantization(0.05f, UINT8, 128)
        .quantization(1 / 256f, UINT8, 0)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void qLinearLeakyRelu_agrees() throws Exception {
    of("QLinearLeakyRelu")
        .with("alpha", Attribute.of(0.1f))
        .bytes(INT8, 256)
        .quantization(0.05f, INT8, 4)
        .quantization(0.04f, INT8, -20)
        .output(INT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void qLinearSoftmax_agrees() throws Exception {
    of("QLinearSoftmax")
        .with("axis", -1)
        .with("opset", 13)
        .bytes(UINT8, 5, 16)
        .quantization(0.1f, UINT8, 128)
        .quantization(1 / 256f, UINT8, 0)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void qLinearConcat_agrees() throws Exception {
    of("QLinearConcat")
        .with("axis", 1)
        .quantization(0.05f, UINT8, 100)
        .bytes(UINT8, 2, 3, 4)
        .quantization(0.02f, UINT8, 120)
        .bytes(UINT8, 2, 5, 4)
        .quantization(0.07f, UINT8, 90)
        .output(UINT8)
        .agrees(0, 1);
  }

  @Test
  void qLinearAveragePool_agrees() throws Exception {
    of("QLinearAveragePool")
        .with("kernel_shape", Attribute.ints(3, 2))
        .with("pads", Attribute.ints(1, 0, 1, 0))
        .bytes(UINT8, 2, 3, 7, 8)
        .quantization(0.02f, UINT8, 120)
        .quantization(0.02f, UINT8, 110)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void qLinearGlobalAveragePool_agrees_whenChannelsAreLast() throws Exception {
    of("QLinearGlobalAveragePool")
        .with("channels_last", 1)
        .bytes(UINT8, 2, 7, 8, 5)
        .quantization(0.02f, UINT8, 120)
        .quantization(0.01f, UINT8, 110)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void qGemm_agrees_whenTransposed() throws Exception {
    of("QGemm")
        .with("transB", 1)
        .bytes(UINT8, 3, 8)
        .quantization(0.02f, UINT8, 120)
        .bytes(INT8, 5, 8)
        .quantization(0.01f, INT8, 0)
        .input(Tensor.ofInts(Shape.of(5), 100, -200, 300, 0, 7))
        .quantization(0.1f, UINT8, 128)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void matMulIntegerToFloat_agrees() throws Exception {
    of("MatMulIntegerToFloat")
        .bytes(UINT8, 2, 3, 8)
        .bytes(INT8, 8, 5)
        .input(Tensor.scalar(0.02f))
        .input(Tensor.ofFloats(Shape.of(5), 0.1f, 0.2f, 0.01f, 0.02f, 0.5f))
        .input(Tensor.ofBytes(UINT8, Shape.SCALAR, (byte) 100))
        .omitted()
        .floats(5)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void dynamicQuantizeMatMul_agrees() throws Exception {
    of("DynamicQuantizeMatMul")
        .floats(4, 16)
        .bytes(INT8, 16, 6)
        .input(Tensor.scalar(0.02f))
        .input(Tensor.ofBytes(INT8, Shape.SCALAR, (byte) 0))
        .floats(6)
        .output(FLOAT)
        .constants()
        .agrees(1e-3, 0);
  }

  @Test
  void fusedConv_agrees() throws Exception {
    of("FusedConv")
        .with("activation", Attribute.of("LeakyRelu"))
        .with("activation_params", new Attribute.Floats(List.of(0.2f)))
        .with("pads", Attribute.ints(1, 1, 1, 1))
        .with("kernel_shape", Attribute.ints(3, 3))
        .floats(1, 4, 6, 5)
        .floats(8, 4, 3, 3)
        .floats(8)
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @Test
  void fusedConv_agrees_whenClipped() throws Exception {
    of("FusedConv")
        .with("activation", Attribute.of("Clip"))
        .with("activation_params", new Attribute.Floats(List.of(-0.5f, 0.5f)))
        .with("kernel_shape", Attribute.ints(3, 3))
        .floats(1, 4, 6, 5)
        .floats(8, 4, 3, 3)
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @Test
  void fusedMatMul_agrees() throws Exception {
    of("FusedMatMul")
        .with("transA", 1)
        .with("transB", 1)
        .with("alpha", Attribute.of(0.5f))
        .floats(2, 4, 3)
        .floats(2, 5, 4)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void fusedGemm_agrees() throws Exception {
    of("FusedGemm")
        .with("activation", Attribute.of("Relu"))
        .floats(3, 4)
        .floats(4, 5)
        .floats(5)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void gelus_agree() throws Exception {
    of("Gelu").floats(3, 40).output(FLOAT).agrees();
    of("FastGelu").floats(3, 40).floats(40).output(FLOAT).agrees();
    of("BiasGelu").floats(3, 40).floats(40).output(FLOAT).agrees();
    of("QuickGelu").floats(3, 40).output(FLOAT).agrees();
  }

  @Test
  void skipLayerNormalization_agrees() throws Exception {
    of("SkipLayerNormalization")
        .floats(2, 3, 16)
        .floats(2, 3, 16)
        .floats(16)
        .floats(16)
        .floats(16)
        .output(FLOAT)
        .agrees(1e-4, 0);
  }

  @Test
  void embedLayerNormalization_agrees() throws Exception {
    of("EmbedLayerNormalization")
        .input(Tensor.ofInts(Shape.of(2, 3), 1, 0, 4, 3, 2, 2))
        .input(Tensor.ofInts(Shape.of(2, 3), 0, 0, 1, 1, 0, 1))
        .floats(5, 16)
        .floats(4, 16)
        .floats(2, 16)
        .floats(16)
        .floats(16)
        .input(Tensor.ofInts(Shape.of(2, 3), 1, 1, 0, 1, 1, 1))
        .output(FLOAT)
        .output(INT32)
        .agrees(1e-4, 0);
  }

  @Test
  void attention_agrees_whenKeysArePadding() throws Exception {
    of("Attention")
        .with("num_heads", 2)
        .floats(2, 4, 8)
        .floats(8, 24)
        .floats(24)
        .input(Tensor.ofInts(Shape.of(2), 4, 3))
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @Test
  void attention_agrees_whenCausal() throws Exception {
    of("Attention")
        .with("num_heads", 2)
        .with("unidirectional", 1)
        .floats(1, 5, 8)
        .floats(8, 24)
        .floats(24)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void qAttention_agrees() throws Exception {
    of("QAttention")
        .with("num_heads", 2)
        .bytes(UINT8, 1, 4, 8)
        .bytes(INT8, 8, 24)
        .floats(24)
        .input(Tensor.scalar(0.01f))
        .input(Tensor.scalar(0.01f))
        .omitted()
        .input(Tensor.ofBytes(UINT8, Shape.SCALAR, (byte) 128))
        .input(Tensor.ofBytes(INT8, Shape.SCALAR, (byte) 0))
        .output(FLOAT)
        .agrees(1e-4, 0);
  }

  @Test
  void multiHeadAttention_agrees() throws Exception {
    of("MultiHeadAttention")
        .with("num_heads", 2)
        .floats(2, 4, 8)
        .floats(2, 5, 8)
        .floats(2, 5, 8)
        .floats(24)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void matMulNBits_agrees() throws Exception {
    of("MatMulNBits")
        .with("K", 40)
        .with("N", 3)
        .with("bits", 4)
        .with("block_size", 16)
        .floats(2, 40)
        .bytes(UINT8, 3, 3, 8)
        .floats(9)
        .bytes(UINT8, 6)
        .output(FLOAT)
        .constants()
        .agrees(1e-4, 0);
  }

  @Test
  void matMulNBits_agrees_withoutZeroPoints() throws Exception {
    for (long rows : new long[] {1, 8, 9}) {
      of("MatMulNBits")
          .with("K", 64)
          .with("N", 35)
          .with("bits", 4)
          .with("block_size", 32)
          .floats(1, rows, 64)
          .bytes(UINT8, 35, 2, 16)
          .floats(70)
          .output(FLOAT)
          .constants()
          .agrees(1e-4, 0);
    }
  }

  @Test
  void matMulNBits_agrees_withABias() throws Exception {
    of("MatMulNBits")
        .with("K", 40)
        .with("N", 19)
        .with("bits", 4)
        .with("block_size", 16)
        .floats(3, 40)
        .bytes(UINT8, 19, 3, 8)
        .floats(57)
        .bytes(UINT8, 38)
        .omitted()
        .floats(19)
        .output(FLOAT)
        .constants()
        .agrees(1e-4, 0);
  }

  @Test
  void matMulNBits_agrees_withBytes() throws Exception {
    of("MatMulNBits")
        .with("K", 96)
        .with("N", 17)
        .with("bits", 8)
        .with("block_size", 32)
        .floats(2, 96)
        .bytes(UINT8, 17, 3, 32)
        .floats(51)
        .bytes(UINT8, 51)
        .output(FLOAT)
        .constants()
        .agrees(1e-3, 0);
  }

  @Test
  void quantizeLinear_agrees() throws Exception {
    of("QuantizeLinear").floats(3, 7).quantization(0.01f, UINT8, 128).output(UINT8).agrees();
    of("DequantizeLinear").bytes(INT8, 3, 7).quantization(0.01f, INT8, 7).output(FLOAT).agrees();
  }

  @Test
  void dynamicQuantizeLstm_agrees_withinItsQuantization() throws Exception {
    of("DynamicQuantizeLSTM")
        .with("hidden_size", 4)
        .floats(3, 1, 6)
        .bytes(INT8, 1, 6, 16)
        .bytes(INT8, 1, 4, 16)
        .floats(1, 32)
        .omitted()
        .omitted()
        .omitted()
        .omitted()
        .input(Tensor.ofFloats(Shape.of(1), 0.005f))
        .input(Tensor.ofBytes(INT8, Shape.of(1), (byte) 0))
        .input(Tensor.ofFloats(Shape.of(1), 0.005f))
        .input(Tensor.ofBytes(INT8, Shape.of(1), (byte) 0))
        .output(FLOAT)
        .constants()
        .agrees(0.02, 0);
  }

  @Test
  void fusedMatMul_agrees_whenBatchesAreTransposed() throws Exception {
    for (long trans : new long[] {0, 1}) {
      of("FusedMatMul")
          .with("transBatchA", 1)
          .with("transBatchB", 1)
          .with("transB", trans)
          .floats(3, 2, 4)
          .floats(trans == 0 ? new long[] {4, 2, 5} : new long[] {5, 2, 4})
          .output(FLOAT)
          .agrees();
    }
    of("TransposeMatMul")
        .with("transA", 1)
        .with("alpha", Attribute.of(2f))
        .floats(2, 4, 3)
        .floats(2, 4, 5)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void nhwcMaxPool_agrees() throws Exception {
    of("NhwcMaxPool")
        .with("kernel_shape", Attribute.ints(3, 2))
        .with("strides", Attribute.ints(2, 1))
        .with("pads", Attribute.ints(1, 0, 1, 1))
        .bytes(INT8, 2, 7, 6, 5)
        .output(INT8)
        .agrees();
  }

  @Test
  void qLinearWhere_agrees_whenOperandsBroadcast() throws Exception {
    Tensor condition = Tensor.allocate(DType.BOOL, Shape.of(2, 1, 4));
    for (long i = 0; i < condition.size(); i++) {
      condition.setLong(i, i % 3 == 0 ? 1 : 0);
    }
    of("QLinearWhere")
        .input(condition)
        .bytes(UINT8, 3, 4)
        .quantization(0.02f, UINT8, 120)
        .bytes(UINT8, 2, 3, 1)
        .quantization(0.05f, UINT8, 3)
        .quantization(0.06f, UINT8, 100)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void matMulBnb4_agrees_inBothTypes() throws Exception {
    for (long type : new long[] {0, 1}) {
      of("MatMulBnb4")
          .with("K", 48)
          .with("N", 5)
          .with("block_size", 32)
          .with("quant_type", type)
          .floats(3, 48)
          .bytes(UINT8, 120)
          .floats(8)
          .output(FLOAT)
          .constants()
          .agrees();
    }
  }
}
