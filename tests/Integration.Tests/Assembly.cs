// Every test here starts processes of its own on a small machine: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
