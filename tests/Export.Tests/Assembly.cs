// Each class starts a database of its own on a small machine: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
