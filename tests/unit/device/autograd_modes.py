"""Under which of PyTorch's modes of autograd a test of the device runs (see conftest.py)."""

import contextlib

import torch

MODES = {
    "grad": contextlib.nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
}

# A mode is a matter of this process: these tests start others, or read text.
OTHER_PROCESSES = {
    "test_forks_and_interrupts",
    "test_operator_database",
    "test_parts",
    "test_a_file_of_a_device_that_does_not_exist_is_refused",
    "test_a_sim_file_is_readable_without_sim_on_the_cpu",
    "test_a_sim_file_without_sim_and_without_map_location_is_refused",
    "test_another_backend_in_the_slot_is_named",
    "test_every_op_that_cuda_casts_is_cast",
    "test_many_threads_may_register_at_once",
    "test_only_torch_and_the_standard_library_are_imported",
    "test_pytorch_still_has_what_the_device_is_built_on",
    "test_real_devices_are_as_they_were",
    "test_the_cpu_is_as_it_was",
    "test_the_lists_are_those_of_pytorchs_header",
    "test_the_source_leaves_few_names_in_a_notebook",
    "test_the_source_runs_alone_in_a_fresh_process_and_twice_in_one",
    "test_the_table_has_a_row_for_every_module_of_torch_nn_or_a_reason",
    "test_the_table_of_checks_is_that_of_native_functions_yaml",
}
# They are about gradients, or about a mode of their own.
NEED_GRADIENTS = {
    "test_a_graph_made_before_the_move_gives_its_gradients_to_the_parameter",
    "test_a_scaler_skips_a_step_that_overflows",
    "test_a_training_step_in_lower_precision",
    "test_an_optimizer_made_before_the_move_trains_the_moved_parameters",
    "test_an_optimizer_state_survives_a_file",
    "test_autograd_works_through_a_crossing",
    "test_frozen_parameters_move_with_their_gradient",
    "test_gradcheck_passes",
    "test_gradients_move_with_their_parameters",
    "test_hooks_run_and_their_exceptions_arrive",
    "test_hooks_survive_the_move",
    "test_in_place_writes_on_views_reach_autograd",
    "test_limit_a_gradient_goes_along_when_only_the_data_moves",
    "test_limit_a_graph_made_before_the_move_keeps_the_weights_that_it_saved",
    "test_many_threads_train_at_once_with_the_right_numbers",
    "test_modes_of_autograd_work",
    "test_moving_between_forwards_while_the_old_result_lives_is_fine",
    "test_moving_works_in_every_mode_and_training_goes_on",
    "test_the_gradient_stays_the_same_object",
    "test_training_on_sim_gives_the_numbers_of_the_cpu",
    "test_work_on_one_device_copies_nothing",
    "test_writes_on_views_work_in_inference_mode_as_on_the_cpu",
}
# Inference tensors keep no record of what they are views of (`_base`).
NEED_VIEWS = {"test_views_alias_and_keep_their_strides"}


def modes_of(module, test):
    """The names of the modes in which a test of that name, in that module, means something."""
    if not OTHER_PROCESSES.isdisjoint({module, test}) or test in NEED_GRADIENTS:
        return ["grad"]
    return [mode for mode in MODES if mode != "inference_mode" or test not in NEED_VIEWS]
