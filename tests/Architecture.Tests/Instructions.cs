using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace VideoScale.Architecture.Tests;

/// <summary>The instructions of a compiled method.</summary>
internal static class Instructions
{
    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (int)(ushort)code.Value);

    /// <returns>In order, each with the type or member that it is about; nil where it is about none.</returns>
    public static List<(OpCode Code, EntityHandle About)> Of(MethodBodyBlock body)
    {
        var instructions = new List<(OpCode, EntityHandle)>();
        var reader = body.GetILReader();
        while (reader.RemainingBytes > 0)
        {
            int value = reader.ReadByte();
            if (value == 0xFE) value = 0xFE00 | reader.ReadByte();
            var code = Codes[value];
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
                instructions.Add((code, MetadataTokens.EntityHandle(reader.ReadInt32())));
            else
            {
                Skip(ref reader, code.OperandType);
                instructions.Add((code, default));
            }
        }
        return instructions;
    }

    private static void Skip(ref BlobReader reader, OperandType operand)
    {
        var octets = operand switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineI8 or OperandType.InlineR => 8,
            OperandType.InlineSwitch => 4 * reader.ReadInt32(), // that many targets
            _ => 4,
        };
        reader.Offset += octets;
    }
}
