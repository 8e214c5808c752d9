"""What the benchmark scripts share; every part imports only parts above it.

measure   processes, clocks, counts of calls, R², and files of results with their schema
data      film reviews and tables
models    trained models that are explained
games     value functions of masks, made of such models or of known functions
recorded  inputs of real models whose answers are recorded, and their masks
methods   what is compared: additive methods, SHAP's explainers, Captum's, other packages
per_call  options, processes and attempts of the two benchmarks per model call
report    tables and figures
workers   programs that run in a process, or an interpreter, of their own

`methods.messages`, `games.sparse_functions` and the workers `peer_estimators` and `spectralexplain_decoders`
run in interpreters without spex_plugins.
"""
