"""One training step of a TopK sparse autoencoder, computed on active latents only.

For a batch `x_1 ... x_B` the autoencoder (O'Neill et al., arXiv 2408.00657) computes

    a_b = W_enc (x_b - b_pre) + b_enc      z_b = TopK(ReLU(a_b), k)      y_b = sum_i z_bi d_i + b_pre

and the loss is `L = sum_b |y_b - x_b|^2 / S + alpha * sum_b |u_b - e_b|^2 / T`, where `e_b = x_b - y_b` counts as
a constant, `u_b = sum_i w_bi d_i` decodes the `k_aux` largest positive pre-activations `w_bi` among dead latents,
and `S = sum_b |x_b - mean x|^2`, `T = sum_b |e_b - mean e|^2` turn the squared errors into nMSE.

Let `g_b = 2 (y_b - x_b) / S` and `h_b = 2 alpha (u_b - e_b) / T` be the gradients with respect to the two
decoded vectors. Selecting is piecewise constant, so only selected pairs (sample, latent) carry gradient:

    dL/dz_bi = g_b . d_i     dL/dw_bi = h_b . d_i      where the pair is active, zero elsewhere
    dL/dd_i      = sum_b z_bi g_b + sum_b w_bi h_b
    dL/dW_enc_i  = sum_b s_bi (x_b - b_pre)            s_bi = dL/dz_bi, dL/dw_bi: the slope of a pair
    dL/db_enc_i  = sum_b s_bi
    dL/db_pre    = sum_b g_b - sum_i (dL/db_enc_i) W_enc_i
"""
