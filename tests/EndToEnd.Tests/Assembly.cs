// One cluster, browsers and encoders at a time: more would measure the machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
