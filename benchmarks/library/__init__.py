"""What the benchmark scripts share.

models    trained models that are explained
games     value functions of masks, made of such models, of tables and of known functions
methods   what is compared: additive methods, SHAP's explainers, Captum's, other packages
measure   processes, clocks, counts of calls, and files of results
report    tables and figures
workers   programs that run in a process, or an interpreter, of their own

Of these, `methods.messages`, `games.sparse_functions` and the workers named after other packages need NumPy
and those packages only: they run in interpreters without spex_plugins.
"""
