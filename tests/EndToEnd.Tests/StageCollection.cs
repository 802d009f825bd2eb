using VideoScale.Harness.Browsers;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Its tests share one stage.</summary>
[CollectionDefinition(nameof(Stage))]
public sealed class StageCollection : ICollectionFixture<Stage>;
