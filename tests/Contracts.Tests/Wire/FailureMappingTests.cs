using Grpc.Core;
using VideoScale.Model;
using VideoScale.Wire;

namespace VideoScale.Contracts.Tests.Wire;

public sealed class FailureMappingTests
{
    [Fact]
    public void Every_refusal_has_the_status_of_its_name_and_keeps_its_message()
    {
        foreach (var code in Enum.GetValues<FailureCode>())
        {
            var refusal = new Failure(code, "max_participants: 5 of 5 seats are taken").ToRpcException();
            Assert.Equal(code.ToString(), refusal.StatusCode.ToString());
            Assert.Equal("max_participants: 5 of 5 seats are taken", refusal.Status.Detail);
        }
        Assert.Throws<InvariantViolation>(() => ((FailureCode)99).ToStatusCode());
    }
}
